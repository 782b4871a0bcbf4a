package sandglass

// In a component this exports the functions of the contract.
import _ "sandglass.dev/guest/internal/abi"
