// Package abi is the canonical ABI of the contract, by hand: in a component it exports the functions that the host calls, under
// plain names that the host's componentizer knows. Natively it is empty.
package abi
