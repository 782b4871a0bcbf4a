module sandglass.dev/hostile

go 1.24

require sandglass.dev/guest v0.0.0

replace sandglass.dev/guest => ../../../../guest-sdk/go
