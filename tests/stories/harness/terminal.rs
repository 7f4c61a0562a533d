//! A pseudo-terminal around the program: what a person types, what the screen shows, and how the program leaves it.
//!
//! Everything that the program wrote is kept, so that a story can prove what was never shown.

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use rustix::{
    fs::{Mode, OFlags},
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, SpecialCodeIndex, Termios, tcgetattr},
};

use super::Stage;

/// How long a story waits for a text. Opening a wallet takes about a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// The colour of a letter, as a theme names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Usual,
    Red,
    Green,
    Yellow,
    Other,
}

/// A letter on the screen.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub letter: char,
    pub paint: Paint,
    pub bold: bool,
    /// Black on white, whatever the theme: a QR code.
    pub is_on_white: bool,
    pub column: usize,
}

/// The usual size of a terminal.
pub const USUAL: Size = Size { columns: 80, rows: 24 };
/// A narrow and short one.
pub const SMALL: Size = Size { columns: 40, rows: 10 };

/// The program on a terminal.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    /// Both ends stay open, so that the modes can be read after the program ended.
    pair: PtyPair,
    writer: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
}

/// What the program wrote, and the screen that it makes.
struct Seen {
    bytes: Vec<u8>,
    screen: vt100::Parser,
}

impl Session {
    /// Starts the program with a stage's home and explorer.
    pub fn start(stage: &Stage, size: Size, arguments: &[&str]) -> Self {
        Self::of(stage, size, &stage.command(arguments))
    }

    /// Starts the program with these arguments, in the folder of a stage.
    pub fn of(stage: &Stage, size: Size, wanted: &Command) -> Self {
        let mut command = CommandBuilder::new(wanted.get_program());
        command.args(wanted.get_args());
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.cwd(stage.home.path());
        Self::run(size, command)
    }

    fn run(size: Size, command: CommandBuilder) -> Self {
        let size = PtySize { rows: size.rows, cols: size.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let [rows, columns] = [size.rows, size.cols].map(|count| NonZeroU16::new(count).unwrap());
        let screen = vt100::Parser::new(rows, columns, 10_000);
        let seen = Arc::new(Mutex::new(Seen { bytes: Vec::new(), screen }));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut seen = shared.lock().unwrap();
                seen.bytes.extend_from_slice(&buffer[..count]);
                seen.screen.process(&buffer[..count]);
            }
        });
        Self { child, pair, writer, seen }
    }

    /// The screen as a person sees it now.
    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().screen.screen().contents()
    }

    /// The screen with its colours, row by row, without what is blank at the ends.
    pub fn cells(&self) -> Vec<Vec<Cell>> {
        let seen = self.seen.lock().unwrap();
        let screen = seen.screen.screen();
        let (rows, columns) = screen.size();
        let cell = |row: u16, column: u16| {
            let cell = screen.cell(row, column);
            let letter = cell.and_then(|cell| cell.contents().chars().next()).unwrap_or(' ');
            let paint = match cell.map(vt100::Cell::fgcolor) {
                None | Some(vt100::Color::Default) => Paint::Usual,
                Some(vt100::Color::Idx(1 | 9)) => Paint::Red,
                Some(vt100::Color::Idx(2 | 10)) => Paint::Green,
                Some(vt100::Color::Idx(3 | 11)) => Paint::Yellow,
                Some(_) => Paint::Other,
            };
            let is_on_white = cell.is_some_and(|cell| cell.bgcolor() != vt100::Color::Default);
            let bold = cell.is_some_and(vt100::Cell::bold);
            Cell { letter, paint, bold, is_on_white, column: usize::from(column) }
        };
        let row = |row: u16| {
            let mut cells: Vec<Cell> = (0..columns.get()).map(|column| cell(row, column)).collect();
            cells.truncate(
                cells.iter().rposition(|cell| cell.letter != ' ' || cell.is_on_white).map_or(0, |last| last + 1),
            );
            cells
        };
        (0..rows.get()).map(row).collect()
    }

    /// Everything that was ever written, as text.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().bytes).into_owned()
    }

    /// True while the alternate screen is shown.
    pub fn is_alternate(&self) -> bool {
        self.seen.lock().unwrap().screen.screen().alternate_screen()
    }

    /// True while the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        self.local_modes().contains(LocalModes::ECHO)
    }

    /// True while control keys make signals and a line is edited before it is read.
    pub fn is_cooked(&self) -> bool {
        self.local_modes().contains(LocalModes::ISIG | LocalModes::ICANON | LocalModes::ECHO)
    }

    fn local_modes(&self) -> LocalModes {
        self.terminal_modes().local_modes
    }

    /// The key that suspends, and the key that aborts; 0 where it is switched off.
    pub fn escape_keys(&self) -> [u8; 2] {
        let modes = self.terminal_modes();
        [modes.special_codes[SpecialCodeIndex::VSUSP], modes.special_codes[SpecialCodeIndex::VQUIT]]
    }

    fn terminal_modes(&self) -> Termios {
        let path = self.pair.master.tty_name().unwrap();
        tcgetattr(rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap()).unwrap()
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> &Self {
        self.wait_until(&format!("`{text}` on the screen"), |session| session.screen().contains(text))
    }

    #[track_caller]
    pub fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> &Self {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < PATIENCE, "no {what}; the screen is:\n{}", self.screen());
            std::thread::sleep(PAUSE);
        }
        self
    }

    /// Gives the window another size, as a person does who drags its corner.
    pub fn resize(&self, size: Size) {
        let size = PtySize { rows: size.rows, cols: size.columns, pixel_width: 0, pixel_height: 0 };
        let [rows, columns] = [size.rows, size.cols].map(|side| side.try_into().unwrap());
        self.seen.lock().unwrap().screen.screen_mut().set_size(rows, columns);
        self.pair.master.resize(size).unwrap();
    }

    /// Types text without Enter.
    pub fn keys(&mut self, text: &str) -> &mut Self {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Types a line. What is typed before a question is thrown away, so stories wait for the question first.
    pub fn line(&mut self, text: &str) -> &mut Self {
        self.keys(text).keys("\r")
    }

    /// Presses Control with a letter.
    pub fn control(&mut self, letter: char) -> &mut Self {
        let code = u8::try_from(letter).unwrap() & 0x1f;
        self.keys(char::from(code).to_string().as_str())
    }

    /// Sends a signal to the program itself, as another process does.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Types an answer once nothing is shown of it.
    pub fn hidden(&mut self, text: &str) -> &mut Self {
        self.wait_until("the echo to be off", |session| !session.echoes());
        self.line(text)
    }

    /// The usual password.
    pub fn password(&mut self) -> &mut Self {
        self.hidden(super::PASSWORD)
    }

    /// Waits until the program ended, and for the rest of what it wrote.
    #[track_caller]
    pub fn exit_code(&mut self) -> u32 {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end; the screen is:\n{}", self.screen());
            std::thread::sleep(PAUSE);
        };
        std::thread::sleep(Duration::from_millis(100));
        status.exit_code()
    }

    /// Whatever happened, the terminal is as a shell wants it: the usual screen, echo, control keys.
    #[track_caller]
    pub fn left_well(&self) {
        assert!(!self.is_alternate(), "the alternate screen stayed:\n{}", self.screen());
        assert!(self.is_cooked(), "the terminal was left without echo or signals");
        assert!(self.escape_keys().iter().all(|key| *key != 0), "control keys stayed switched off");
    }
}
