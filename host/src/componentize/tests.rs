//! The adapter's answers, called as a guest's standard library would call them.
#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

mod modules;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use wasmtime::{Caller, Config, Engine, Func, Instance, Linker, Memory, MemoryType, Module, Store, Val, ValType};

use super::*;

const BADF: i32 = 8;
const INVAL: i32 = 28;
const NOTDIR: i32 = 54;
const SPIPE: i32 = 70;
const NOTCAPABLE: i32 = 76;

/// All of WASI preview 1 by the types of its functions: `i` is an i32, `l` an i64, after `>` what comes out.
const PREVIEW: [(&str, &str); 46] = [
    ("args_get", "ii>i"),
    ("args_sizes_get", "ii>i"),
    ("clock_res_get", "ii>i"),
    ("clock_time_get", "ili>i"),
    ("environ_get", "ii>i"),
    ("environ_sizes_get", "ii>i"),
    ("fd_advise", "illi>i"),
    ("fd_allocate", "ill>i"),
    ("fd_close", "i>i"),
    ("fd_datasync", "i>i"),
    ("fd_fdstat_get", "ii>i"),
    ("fd_fdstat_set_flags", "ii>i"),
    ("fd_fdstat_set_rights", "ill>i"),
    ("fd_filestat_get", "ii>i"),
    ("fd_filestat_set_size", "il>i"),
    ("fd_filestat_set_times", "illi>i"),
    ("fd_pread", "iiili>i"),
    ("fd_prestat_dir_name", "iii>i"),
    ("fd_prestat_get", "ii>i"),
    ("fd_pwrite", "iiili>i"),
    ("fd_read", "iiii>i"),
    ("fd_readdir", "iiili>i"),
    ("fd_renumber", "ii>i"),
    ("fd_seek", "ilii>i"),
    ("fd_sync", "i>i"),
    ("fd_tell", "ii>i"),
    ("fd_write", "iiii>i"),
    ("path_create_directory", "iii>i"),
    ("path_filestat_get", "iiiii>i"),
    ("path_filestat_set_times", "iiiilli>i"),
    ("path_link", "iiiiiii>i"),
    ("path_open", "iiiiillii>i"),
    ("path_readlink", "iiiiii>i"),
    ("path_remove_directory", "iii>i"),
    ("path_rename", "iiiiii>i"),
    ("path_symlink", "iiiii>i"),
    ("path_unlink_file", "iii>i"),
    ("poll_oneoff", "iiii>i"),
    ("proc_exit", "i>"),
    ("proc_raise", "i>i"),
    ("random_get", "ii>i"),
    ("sched_yield", ">i"),
    ("sock_accept", "iii>i"),
    ("sock_recv", "iiiiii>i"),
    ("sock_send", "iiiii>i"),
    ("sock_shutdown", "ii>i"),
];

/// What was logged: levels and bytes.
type Log = Vec<(i32, Vec<u8>)>;

/// The adapter beside a guest that is one page of memory.
struct World {
    store: Store<Log>,
    instance: Instance,
    memory: Memory,
}

/// Compiled once.
fn adapter() -> &'static Module {
    static ADAPTER: OnceLock<Module> = OnceLock::new();
    ADAPTER.get_or_init(|| {
        let engine = Engine::new(&Config::new()).unwrap();
        Module::new(&engine, wat::parse_str(CLOSED).unwrap()).unwrap()
    })
}

impl World {
    fn new() -> Self {
        let module = adapter();
        let mut store = Store::new(module.engine(), Log::new());
        let memory = Memory::new(&mut store, MemoryType::new(1, Some(1))).unwrap();
        let mut linker = Linker::new(module.engine());
        linker.define(&store, "env", "memory", memory).unwrap();
        let log = Func::wrap(
            &mut store,
            move |mut caller: Caller<'_, Log>, level: i32, at: i32, len: i32| {
                let (at, len) = (at as usize, len as usize);
                let text = memory.data(&caller)[at..at + len].to_vec();
                caller.data_mut().push((level, text));
            },
        );
        linker
            .define(&store, "sandglass:transform/log@0.1.0", "log", log)
            .unwrap();
        let instance = linker.instantiate(&mut store, module).unwrap();
        Self {
            store,
            instance,
            memory,
        }
    }

    /// Calls a function; i32 and i64 are taken as its type asks. None if it traps.
    fn call(&mut self, name: &str, arguments: &[i64]) -> Option<i32> {
        let function = self.instance.get_func(&mut self.store, name).expect(name);
        let kinds = function.ty(&self.store);
        assert_eq!(kinds.params().len(), arguments.len(), "{name}");
        let arguments: Vec<Val> = kinds
            .params()
            .zip(arguments)
            .map(|(kind, value)| match kind {
                ValType::I32 => Val::I32(*value as i32),
                _ => Val::I64(*value),
            })
            .collect();
        let mut results = vec![Val::I32(0); kinds.results().len()];
        function.call(&mut self.store, &arguments, &mut results).ok()?;
        Some(results.first().map_or(0, |value| value.unwrap_i32()))
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.data_mut(&mut self.store)[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn read<const N: usize>(&self, at: usize) -> [u8; N] {
        self.memory.data(&self.store)[at..at + N].try_into().unwrap()
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.read(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.read(at))
    }

    /// Everything of the memory that a call could have changed.
    fn filled(&mut self) {
        self.memory.data_mut(&mut self.store).fill(0xaa);
    }

    /// Writes text to a descriptor, in pieces, and answers how much was taken.
    fn print(&mut self, descriptor: i64, pieces: &[&[u8]]) -> u32 {
        let mut at = 4_096;
        for (index, piece) in pieces.iter().enumerate() {
            self.write(at, piece);
            let place = [(at as u32).to_le_bytes(), (piece.len() as u32).to_le_bytes()].concat();
            self.write(1_024 + 8 * index, &place);
            at += piece.len();
        }
        assert_eq!(
            self.call("fd_write", &[descriptor, 1_024, pieces.len() as i64, 512]),
            Some(0)
        );
        self.u32(512)
    }

    fn said(&mut self) -> Vec<(i32, String)> {
        let log = std::mem::take(self.store.data_mut());
        let text = |bytes| String::from_utf8(bytes).expect("the log takes UTF-8 alone");
        log.into_iter().map(|(level, bytes)| (level, text(bytes))).collect()
    }

    fn clock(&mut self, id: i64) -> u64 {
        assert_eq!(self.call("clock_time_get", &[id, 0, 64]), Some(0));
        self.u64(64)
    }

    /// A subscription at `place`: to a clock, or with kind 1 or 2 to a descriptor.
    fn subscribe(&mut self, place: usize, kind: u8, on: u32, timeout: u64, flags: u16) {
        let at = 2_048 + 48 * place;
        self.write(at, &[0; 48]);
        self.write(at, &(100 + place as u64).to_le_bytes());
        self.write(at + 8, &[kind]);
        self.write(at + 16, &on.to_le_bytes());
        self.write(at + 24, &timeout.to_le_bytes());
        self.write(at + 40, &flags.to_le_bytes());
    }

    /// Polls so many subscriptions: user data, error and kind of each event.
    fn poll(&mut self, count: usize) -> Vec<(u64, u16, u8)> {
        assert_eq!(self.call("poll_oneoff", &[2_048, 8_192, count as i64, 512]), Some(0));
        let events = self.u32(512) as usize;
        let event = |index: usize| {
            let at = 8_192 + 32 * index;
            let error = u16::from_le_bytes(self.read(at + 8));
            (self.u64(at), error, self.read::<1>(at + 10)[0])
        };
        (0..events).map(event).collect()
    }
}

#[test]
fn every_function_of_the_preview_is_there() {
    let module = adapter();
    let letter = |kind: ValType| match kind {
        ValType::I32 => 'i',
        ValType::I64 => 'l',
        other => panic!("{other}"),
    };
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for export in module.exports() {
        let kinds = export.ty().unwrap_func().clone();
        let text = |kinds: &mut dyn Iterator<Item = ValType>| kinds.map(letter).collect::<String>();
        let (params, results) = (text(&mut kinds.params()), text(&mut kinds.results()));
        found.insert(export.name().to_owned(), format!("{params}>{results}"));
    }
    for (name, kinds) in PREVIEW {
        assert_eq!(found.remove(name).as_deref(), Some(kinds), "{name}");
    }
    let rest: Vec<_> = found.into_keys().collect();
    assert_eq!(
        rest,
        [
            "adapter_monotonic_clock_set_paused",
            "sandglass_flush",
            "sandglass_set_clock",
            "sandglass_set_line_buffer",
            "sandglass_set_seed"
        ]
    );
    // The log and the guest's memory are all that it takes.
    let imports: Vec<_> = module
        .imports()
        .map(|import| {
            (
                import.module().to_owned(),
                matches!(import.ty(), wasmtime::ExternType::Func(_)),
            )
        })
        .collect();
    assert_eq!(
        imports,
        [
            ("env".to_owned(), false),
            ("sandglass:transform/log@0.1.0".to_owned(), true)
        ]
    );
}

/// What only answers a number, for standard input, standard error and a descriptor that is not open; the memory stays as it was.
#[test]
fn answers_that_are_numbers() {
    let table: [(&str, &[i64], [i32; 3]); 34] = [
        ("fd_advise", &[0, 0, 0], [SPIPE, SPIPE, BADF]),
        ("fd_allocate", &[0, 0], [SPIPE, SPIPE, BADF]),
        ("fd_close", &[], [0, 0, BADF]),
        ("fd_datasync", &[], [0, 0, BADF]),
        ("fd_fdstat_set_flags", &[4], [0, 0, BADF]),
        ("fd_fdstat_set_rights", &[0, 0], [NOTCAPABLE, NOTCAPABLE, BADF]),
        ("fd_filestat_set_size", &[0], [INVAL, INVAL, BADF]),
        ("fd_filestat_set_times", &[0, 0, 0], [NOTCAPABLE, NOTCAPABLE, BADF]),
        ("fd_pread", &[1_024, 1, 0, 512], [SPIPE, SPIPE, BADF]),
        ("fd_prestat_dir_name", &[512, 8], [BADF; 3]),
        ("fd_prestat_get", &[512], [BADF; 3]),
        ("fd_pwrite", &[1_024, 1, 0, 512], [SPIPE, SPIPE, BADF]),
        ("fd_readdir", &[512, 64, 0, 256], [NOTDIR, NOTDIR, BADF]),
        ("fd_renumber", &[1], [NOTCAPABLE, NOTCAPABLE, BADF]),
        ("fd_seek", &[0, 0, 512], [SPIPE, SPIPE, BADF]),
        ("fd_sync", &[], [0, 0, BADF]),
        ("fd_tell", &[512], [SPIPE, SPIPE, BADF]),
        ("path_create_directory", &[512, 1], [BADF; 3]),
        ("path_filestat_get", &[0, 512, 1, 600], [BADF; 3]),
        ("path_filestat_set_times", &[0, 512, 1, 0, 0, 0], [BADF; 3]),
        ("path_link", &[0, 512, 1, 3, 512, 1], [BADF; 3]),
        ("path_open", &[0, 512, 1, 0, 0, 0, 0, 600], [BADF; 3]),
        ("path_readlink", &[512, 1, 600, 8, 700], [BADF; 3]),
        ("path_remove_directory", &[512, 1], [BADF; 3]),
        ("path_rename", &[512, 1, 3, 512, 1], [BADF; 3]),
        ("path_unlink_file", &[512, 1], [BADF; 3]),
        ("sock_accept", &[0, 512], [BADF; 3]),
        ("sock_recv", &[512, 1, 0, 600, 700], [BADF; 3]),
        ("sock_send", &[512, 1, 0, 600], [BADF; 3]),
        ("sock_shutdown", &[3], [BADF; 3]),
        // Without a descriptor first: the three are as one.
        ("args_get", &[512], [0; 3]),
        ("environ_get", &[512], [0; 3]),
        ("path_symlink", &[1, 3, 512, 1], [BADF; 3]),
        ("adapter_monotonic_clock_set_paused", &[], [0; 3]),
    ];
    for (name, rest, answers) in table {
        for (descriptor, answer) in [0, 2, 3].into_iter().zip(answers) {
            let mut world = World::new();
            world.filled();
            let arguments: Vec<i64> = [descriptor].into_iter().chain(rest.iter().copied()).collect();
            assert_eq!(world.call(name, &arguments), Some(answer), "{name} of {descriptor}");
            assert!(
                world.memory.data(&world.store).iter().all(|byte| *byte == 0xaa),
                "{name} wrote"
            );
            assert!(world.said().is_empty(), "{name} spoke");
        }
    }
    assert_eq!(World::new().call("sched_yield", &[]), Some(0));
}

#[test]
fn there_are_no_arguments_and_no_environment() {
    let mut world = World::new();
    world.filled();
    for name in ["args_sizes_get", "environ_sizes_get"] {
        assert_eq!(world.call(name, &[512, 516]), Some(0));
        assert_eq!((world.u32(512), world.u32(516)), (0, 0), "{name}");
        world.filled();
    }
}

#[test]
fn the_standard_streams_are_character_devices() {
    let mut world = World::new();
    for (descriptor, rights) in [(0, 2), (1, 64), (2, 64)] {
        world.filled();
        assert_eq!(world.call("fd_fdstat_get", &[descriptor, 512]), Some(0));
        assert_eq!((world.u64(512), world.u64(520), world.u64(528)), (2, rights, 0));
        assert_eq!(world.call("fd_filestat_get", &[descriptor, 512]), Some(0));
        let expected: Vec<u64> = vec![0, 0, 2, 1, 0, 0, 0, 0];
        assert_eq!(
            (0..8).map(|word| world.u64(512 + 8 * word)).collect::<Vec<_>>(),
            expected
        );
    }
    for name in ["fd_fdstat_get", "fd_filestat_get"] {
        for descriptor in [3, -1] {
            assert_eq!(world.call(name, &[descriptor, 512]), Some(BADF));
        }
    }
    world.filled();
    assert_eq!(world.call("fd_read", &[0, 1_024, 1, 512]), Some(0));
    assert_eq!(world.u32(512), 0, "standard input is at its end");
    for descriptor in [1, 3] {
        assert_eq!(world.call("fd_read", &[descriptor, 1_024, 1, 512]), Some(BADF));
    }
    for descriptor in [0, 3, -1] {
        assert_eq!(world.call("fd_write", &[descriptor, 1_024, 1, 512]), Some(BADF));
    }
}

#[test]
fn clocks_stand_and_move_by_sleeping() {
    let mut world = World::new();
    assert_eq!(world.clock(0), 0);
    world.call("sandglass_set_clock", &[1_700_000_000_000_000]);
    assert_eq!(
        (world.clock(0), world.clock(0)),
        (1_700_000_000_000_000_000, 1_700_000_000_000_000_000)
    );
    let (first, second) = (world.clock(1), world.clock(1));
    assert!(first > 0, "Go throws when it reads 0");
    assert_eq!(second - first, 1_000);
    assert_eq!(world.clock(2) - second, 1_000);
    for id in 0..4 {
        assert_eq!(world.call("clock_res_get", &[id, 64]), Some(0));
        assert_eq!(world.u64(64), 1_000);
    }
    for name in ["clock_res_get", "clock_time_get"] {
        let arguments: &[i64] = if name == "clock_res_get" { &[4, 64] } else { &[4, 0, 64] };
        assert_eq!(world.call(name, arguments), Some(INVAL));
    }
    let before = world.clock(1);
    world.subscribe(0, 0, 1, 3_000_000_000, 0);
    assert_eq!(world.poll(1), [(100, 0, 0)]);
    assert_eq!(world.clock(1) - before, 3_000_001_000);
    // The four readings before it moved the monotonic clock by four microseconds, which the wall's makes up for now: by neither of
    // the two is a sleep too short.
    assert_eq!(world.clock(0), 1_700_000_003_000_004_000);
    // Until an instant of the wall's clock; one that has been does not move it back.
    world.subscribe(0, 0, 0, 1_700_000_010_000_000_000, 1);
    world.poll(1);
    assert_eq!(world.clock(0), 1_700_000_010_000_001_000);
    world.subscribe(0, 0, 0, 5, 1);
    world.poll(1);
    assert_eq!(world.clock(0), 1_700_000_010_000_001_000);
    // Until an instant of the other clock.
    let until = world.clock(1) + 500;
    world.subscribe(0, 0, 1, until, 1);
    world.poll(1);
    assert_eq!(world.clock(1), until + 1_000);
}

#[test]
fn times_that_nanoseconds_cannot_tell_are_the_nearest() {
    let mut world = World::new();
    for (set, told) in [(-1, 0), (i64::MIN, 0), (1, 1_000), (i64::MAX, 1 << 62)] {
        world.call("sandglass_set_clock", &[set]);
        assert_eq!(world.clock(0), told);
    }
    // Sleeping forever ends, and so it does the second time.
    for _ in 0..3 {
        world.subscribe(0, 0, 1, u64::MAX, 0);
        assert_eq!(world.poll(1), [(100, 0, 0)]);
        assert_eq!(world.clock(0), 1 << 62);
        assert!(world.clock(1) >= 1 << 62 && world.clock(1) < (1 << 62) + 100_000);
    }
}

#[test]
fn of_several_waits_the_first_is_over() {
    let mut world = World::new();
    world.subscribe(0, 0, 1, 5_000, 0);
    world.subscribe(1, 0, 0, 2_000, 0);
    world.subscribe(2, 0, 1, 2_000, 0);
    let before = world.clock(1);
    assert_eq!(world.poll(3), [(101, 0, 0), (102, 0, 0)]);
    assert_eq!(world.clock(1) - before, 3_000);
    // A descriptor is ready now, or wrong now, so nothing is waited for.
    world.subscribe(0, 1, 0, 0, 0);
    world.subscribe(1, 2, 7, 0, 0);
    world.subscribe(2, 0, 1, 1, 0);
    world.subscribe(3, 0, 9, 0, 0);
    world.subscribe(4, 3, 0, 0, 0);
    let before = world.clock(1);
    let events = [
        (100, 0, 1),
        (101, BADF as u16, 2),
        (103, INVAL as u16, 0),
        (104, INVAL as u16, 3),
    ];
    assert_eq!(world.poll(5), events);
    assert_eq!(world.clock(1) - before, 1_000);
    assert_eq!(world.call("poll_oneoff", &[2_048, 8_192, 0, 512]), Some(INVAL));
}

#[test]
fn random_numbers_come_from_the_seed() {
    let draw = |seed: Option<i64>, bytes: i64| {
        let mut world = World::new();
        if let Some(seed) = seed {
            world.call("sandglass_set_seed", &[seed]);
        }
        world.filled();
        assert_eq!(world.call("random_get", &[512, bytes]), Some(0));
        assert_eq!(world.read::<1>(512 + bytes as usize), [0xaa], "not a byte more");
        world.memory.data(&world.store)[512..512 + bytes as usize].to_vec()
    };
    // The first two numbers of splitmix64 from seed 0, as its author's code gives them.
    let known = [
        0xe220a8397b1dcdaf_u64.to_le_bytes(),
        0x6e789e6aa1b965f4_u64.to_le_bytes(),
    ]
    .concat();
    assert_eq!(draw(Some(0), 16), known);
    assert_eq!(draw(Some(0), 11), known[..11]);
    assert!(draw(Some(0), 0).is_empty());
    assert_eq!(draw(None, 64), draw(None, 64));
    assert_ne!(draw(None, 64), draw(Some(1), 64));
}

#[test]
fn what_is_printed_is_logged_by_lines() {
    let mut world = World::new();
    assert_eq!(world.print(1, &[b"one\ntwo", b" three\n\n"]), 15);
    // Without memory to hold them, the pieces of a line are messages of their own.
    let expect = |said: Vec<(i32, String)>, expected: &[(i32, &str)]| {
        let said: Vec<_> = said.iter().map(|(level, text)| (*level, text.as_str())).collect();
        assert_eq!(said, expected);
    };
    expect(world.said(), &[(1, "one"), (1, "two"), (1, " three")]);
    world.call("sandglass_set_line_buffer", &[16_384, 64]);
    world.print(1, &[b"one\ntwo", b" three\n\nfo"]);
    expect(world.said(), &[(1, "one"), (1, "two three")]);
    world.print(1, &[b"ur"]);
    expect(world.said(), &[]);
    world.print(2, &[b"oh\n"]);
    expect(world.said(), &[(1, "four"), (2, "oh")]);
    world.print(2, &[b"end"]);
    world.call("sandglass_flush", &[]);
    world.call("sandglass_flush", &[]);
    expect(world.said(), &[(2, "end")]);
    // 63 bytes and the first of two: the character comes whole with the next message.
    let long = [&[b'x'; 63][..], "é".as_bytes(), b"\n"].concat();
    world.print(1, &[&long]);
    expect(world.said(), &[(1, &"x".repeat(63)), (1, "é")]);
    // Memory that holds no line is not used, and giving it back says what is in it.
    world.print(1, &[b"kept"]);
    world.call("sandglass_set_line_buffer", &[16_384, 63]);
    world.print(1, &[b"a", b"b"]);
    expect(world.said(), &[(1, "kept"), (1, "a"), (1, "b")]);
}

/// Text of any bytes comes out as its lines without what is no UTF-8, which here is what `String::from_utf8_lossy` replaces.
#[test]
fn only_text_is_logged() {
    let alphabet: [&[u8]; 16] = [
        b"a",
        b"\n",
        "é".as_bytes(),
        "€".as_bytes(),
        "😀".as_bytes(),
        b"\x80",
        b"\xc0\xaf",
        b"\xe0\x9f\xbf",
        b"\xed\xa0\x80",
        b"\xf0\x8f\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc3",
        b"z",
    ];
    let mut random = 7_u64;
    for _ in 0..400 {
        let mut text = Vec::new();
        for _ in 0..40 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.extend(alphabet[(random >> 59) as usize % 16]);
        }
        let lossy = String::from_utf8_lossy(&text).into_owned();
        let expected: Vec<String> = lossy
            .split(['\n', '\u{fffd}'])
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        for lent in [0, 4_000] {
            let mut world = World::new();
            world.call("sandglass_set_line_buffer", &[16_384, lent]);
            world.print(1, &[&text]);
            world.call("sandglass_flush", &[]);
            let said: Vec<String> = world.said().into_iter().map(|(_, text)| text).collect();
            assert_eq!(said, expected, "{text:x?}");
        }
    }
}

#[test]
fn an_exit_is_the_end_and_says_so() {
    for (name, words) in [("proc_exit", "exit 3000000000"), ("proc_raise", "signal 3000000000")] {
        let mut world = World::new();
        assert_eq!(world.call(name, &[3_000_000_000]), None);
        assert!(world.said().is_empty(), "there is no memory to write it to");
        let mut world = World::new();
        world.call("sandglass_set_line_buffer", &[16_384, 64]);
        world.print(2, &[b"last words"]);
        assert_eq!(world.call(name, &[3_000_000_000]), None);
        assert_eq!(world.said(), [(2, "last words".to_owned()), (3, words.to_owned())]);
    }
}

/// A pointer outside of the guest's memory traps and reads nothing else.
#[test]
fn pointers_are_the_guests_own() {
    for (name, arguments) in [
        ("fd_write", &[1, 65_530, 1, 512][..]),
        ("fd_write", &[1, 1_024, -1, 512]),
        ("random_get", &[65_530, 64]),
        ("clock_time_get", &[0, 0, 65_530]),
        ("poll_oneoff", &[65_000, 512, 64, 512]),
        ("fd_filestat_get", &[1, 65_500]),
        ("args_sizes_get", &[-1, 512]),
    ] {
        let mut world = World::new();
        world.write(1_024, &[0xff; 8]);
        assert_eq!(world.call(name, arguments), None, "{name}");
    }
}
