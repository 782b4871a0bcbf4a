module sandglass.dev/guest

go 1.24
