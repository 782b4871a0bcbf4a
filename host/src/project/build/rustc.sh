#!/bin/sh
# Between cargo and rustc, for crates that lie outside of cargo's own folders: without their place in what is made of them. Where a crate lies is
# in the messages of its panics, and by cargo's hash of its path in the names of its functions, by which they are ordered.
case "$CARGO_MANIFEST_DIR" in
"" | "${CARGO_HOME:-$HOME/.cargo}"/*) exec "$@" ;;
esac
case " $* " in
*" --target wasm32-unknown-unknown "*) ;;
*) exec "$@" ;;
esac
left=$#
while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    case "$argument" in
    metadata=*) argument="metadata=$CARGO_PKG_NAME-$CARGO_PKG_VERSION" ;;
    esac
    set -- "$@" "$argument"
    left=$((left - 1))
done
exec "$@" "--remap-path-prefix=$CARGO_MANIFEST_DIR=/$CARGO_PKG_NAME"
