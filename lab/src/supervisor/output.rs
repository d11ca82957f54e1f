//! Lines of every process, each with its name in front, on this process's own streams.

use std::io::IsTerminal;

use runtime::Lifecycle;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::lines::Stream;
use super::log_book::LogBook;

/// The style of lines.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How wide the names are.
    pub width: usize,
    /// Colours on standard output.
    pub color_out: bool,
    /// Colours on standard error.
    pub color_err: bool,
}

impl Style {
    /// Colours where somebody looks at a terminal and has not said that there be none.
    pub fn for_terminal(names: impl Iterator<Item = &'static str>, no_color: bool) -> Self {
        Self {
            width: names.map(str::len).max().unwrap_or_default().max(LAB.len()),
            color_out: !no_color && std::io::stdout().is_terminal(),
            color_err: !no_color && std::io::stderr().is_terminal(),
        }
    }

    /// A line with its name in front.
    fn line(&self, line: &Line) -> String {
        let colored = match line.stream {
            Stream::Out => self.color_out,
            Stream::Err => self.color_err,
        };
        let (name, text, width) = (line.name, &line.text, self.width);
        match line.color.filter(|_| colored) {
            Some(color) => format!("\x1b[{color}m{name:width$} │\x1b[0m {text}\n"),
            None => format!("{name:width$} | {text}\n"),
        }
    }
}

/// The name in front of what the lab itself says.
const LAB: &str = "malha";

/// Terminal colours that can be read on black and on white, one service after the other.
const COLORS: [u8; 6] = [36, 33, 35, 32, 34, 31];

#[derive(Debug)]
struct Line {
    stream: Stream,
    name: &'static str,
    color: Option<u8>,
    text: String,
}

/// Where lines go.
#[derive(Clone, Debug)]
pub struct Output {
    lines: mpsc::Sender<Line>,
    book: LogBook,
}

/// How many lines may wait for the terminal; then the processes wait.
const QUEUE: usize = 1024;

impl Output {
    /// Starts the one task that writes. It ends when every clone of the output is dropped.
    pub fn start(style: Style, lifecycle: &Lifecycle) -> (Self, JoinHandle<()>) {
        let (lines, queue) = mpsc::channel(QUEUE);
        let (out, err) = (tokio::io::stdout(), tokio::io::stderr());
        let book = LogBook::default();
        (
            Self { lines, book },
            lifecycle.spawn(write(queue, style, out, err)),
        )
    }

    /// The latest lines.
    pub fn book(&self) -> &LogBook {
        &self.book
    }

    /// A line of a service; `number` is the service's place, which gives its colour.
    pub async fn of(&self, name: &'static str, number: usize, stream: Stream, text: String) {
        let color = Some(COLORS[number % COLORS.len()]);
        self.send(Line {
            stream,
            name,
            color,
            text,
        })
        .await;
    }

    /// A line of the lab itself.
    pub async fn say(&self, text: impl Into<String>) {
        let line = Line {
            stream: Stream::Err,
            name: LAB,
            color: Some(1),
            text: text.into(),
        };
        self.send(line).await;
    }

    async fn send(&self, line: Line) {
        self.book.add(line.name, line.stream, &line.text);
        if self.lines.send(line).await.is_err() {
            tracing::debug!("a line came after the output ended");
        }
    }
}

async fn write(
    mut queue: mpsc::Receiver<Line>,
    style: Style,
    mut out: impl AsyncWrite + Unpin,
    mut err: impl AsyncWrite + Unpin,
) {
    while let Some(line) = queue.recv().await {
        let text = style.line(&line);
        let written = match line.stream {
            Stream::Out => write_line(&mut out, &text).await,
            Stream::Err => write_line(&mut err, &text).await,
        };
        // Whoever read the stream is gone, as after `| head`: the mesh goes on without a reader.
        if let Err(error) = written {
            tracing::debug!(%error, "a line was not written");
        }
    }
}

async fn write_line(stream: &mut (impl AsyncWrite + Unpin), text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: fn() -> Line = || Line {
        stream: Stream::Out,
        name: "client",
        color: Some(36),
        text: "Olá".to_owned(),
    };

    #[test]
    fn names_stand_in_one_column_in_plain_text() {
        let style = Style {
            width: 8,
            color_out: false,
            color_err: false,
        };
        assert_eq!(style.line(&LINE()), "client   | Olá\n");
    }

    #[test]
    fn only_a_stream_that_is_a_terminal_gets_colours() {
        let style = Style {
            width: 6,
            color_out: true,
            color_err: false,
        };
        assert_eq!(style.line(&LINE()), "\x1b[36mclient │\x1b[0m Olá\n");
        assert_eq!(
            style.line(&Line {
                stream: Stream::Err,
                ..LINE()
            }),
            "client | Olá\n"
        );
    }

    #[tokio::test]
    async fn each_line_goes_to_its_stream() {
        let (lines, queue) = mpsc::channel(4);
        let output = Output {
            lines,
            book: LogBook::default(),
        };
        output
            .of("client", 0, Stream::Out, "answer".to_owned())
            .await;
        output.say("banner").await;
        drop(output);
        let style = Style {
            width: 6,
            color_out: false,
            color_err: false,
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        write(queue, style, &mut out, &mut err).await;
        assert_eq!(String::from_utf8(out).unwrap(), "client | answer\n");
        assert_eq!(String::from_utf8(err).unwrap(), "malha  | banner\n");
    }
}
