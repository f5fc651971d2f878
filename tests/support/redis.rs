//! A real Redis, gone when dropped: Debian's `redis-server`, on a port of its own, with
//! nothing on disk.

use super::gateway::free_port;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Redis {
    pub port: u16,
    process: Option<Child>,
}

/// A connection, which speaks RESP:
/// <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
pub struct Connection(BufReader<TcpStream>);

#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Number(i64),
    Text(String),
    List(Vec<Reply>),
    Nil,
}

// === impl Redis ===

impl Redis {
    pub fn start() -> Self {
        let mut redis = Self { port: free_port(), process: None };
        redis.again();
        redis
    }

    /// Starts it on its port, empty.
    pub fn again(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir", "/tmp"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts (`make redis` installs it)");
        self.process = Some(child);
        let begun = Instant::now();
        while Connection::open(self.port).and_then(|mut c| c.call(&["PING"])).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it, with all that it holds.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

// === impl Connection ===

impl Connection {
    pub fn open(port: u16) -> std::io::Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        Ok(Self(BufReader::new(stream)))
    }

    pub fn call(&mut self, words: &[&str]) -> std::io::Result<Reply> {
        let mut out = format!("*{}\r\n", words.len());
        for word in words {
            out.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.get_mut().write_all(out.as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> std::io::Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let wrong = || std::io::Error::other(format!("{line:?}"));
        let rest = line.get(1..).unwrap_or_default().trim_end();
        let number = || rest.parse::<i64>().map_err(|_| wrong());
        match line.chars().next() {
            Some('+') => Ok(Reply::Text(rest.to_owned())),
            Some(':') => Ok(Reply::Number(number()?)),
            Some('$') => {
                let Ok(length) = usize::try_from(number()?) else { return Ok(Reply::Nil) };
                let mut bytes = vec![0; length + 2];
                self.0.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Some('*') => {
                let n = number()?;
                (0..n).map(|_| self.reply()).collect::<Result<_, _>>().map(Reply::List)
            }
            _ => Err(wrong()),
        }
    }
}
