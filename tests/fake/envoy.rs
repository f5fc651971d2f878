//! The Envoy process: one worker thread, its VM, its clock, its requests.
//!
//! Time moves only here. `advance` fires what falls due on the way in order: the
//! ticks of root contexts, the router's timeouts. A configuration push makes new
//! root contexts; the old ones go, with their timers, when their last request has.

use super::exchange::Exchange;
use super::host::{Context, Process, Stream};
use super::provider::{Request, Script};
use sluice::config::{self, Config};
use sluice::exchange::Worker;
use sluice::exchange::call::Call;
use sluice::store::usage::{Counts, Row, add, report};
use std::rc::Rc;

pub struct Envoy {
    pub process: Rc<Process>,
    pub vm: Vm,
    pub exchanges: Vec<Exchange>,
    config: Rc<Config>,
    reloads: u64,
    watcher: Rc<Context>,
}

/// Where new filter instances are made.
pub struct Vm {
    pub worker: Rc<Worker>,
    /// The upstream role's root context.
    pub root: u32,
}

const START: u64 = 1_700_000_000_000_000_000;

// === impl Envoy ===

impl Envoy {
    /// `config`: sluice.yaml as JSON.
    pub fn new(config: &str) -> Self {
        let process = Rc::new(Process::default());
        process.now.set(START);
        let config = match config::load(config.as_bytes(), &|_| None) {
            Ok(config) => Rc::new(config),
            Err(problems) => panic!("{problems:?}"),
        };
        let watcher = process.context(&Rc::new(Stream::default()), 0);
        let vm = Vm { worker: Rc::new(Worker::new(1)), root: 1 };
        Self { process, vm, exchanges: Vec::new(), config, reloads: 0, watcher }
    }

    /// What `on_configure` does with what this Envoy is.
    pub fn adapt(&mut self) -> Result<(), String> {
        let config = Rc::get_mut(&mut self.config).unwrap();
        self.vm.worker.surroundings.adapt(&*self.watcher, config)
    }

    /// A client connects; `scripts[n]` is what attempt n + 1 will meet.
    pub fn open(&mut self, request: Request, scripts: Vec<Script>) -> usize {
        let call =
            |context| Call::new(Rc::clone(&self.vm.worker), Rc::clone(&self.config), context);
        let exchange = Exchange::new(&self.process, self.vm.root, call, request, scripts);
        self.exchanges.push(exchange);
        self.exchanges.len() - 1
    }

    pub fn step(&mut self, index: usize) -> bool {
        let moved = self.exchanges[index].step(&self.vm);
        self.after_callbacks();
        moved
    }

    /// Runs a request to its end, letting time pass where nothing else happens.
    pub fn run(&mut self, index: usize) -> &Exchange {
        self.run_until(index, |_| false);
        let exchange = &self.exchanges[index];
        assert!(exchange.has_ended());
        exchange
    }

    pub fn run_until(&mut self, index: usize, stop: impl Fn(&Exchange) -> bool) {
        while !self.exchanges[index].has_ended() && !stop(&self.exchanges[index]) {
            if !self.step(index) && !self.pass_time(u64::MAX) {
                panic!("the request hangs");
            }
        }
    }

    /// Opens and runs.
    pub fn ask(&mut self, request: Request, scripts: Vec<Script>) -> &Exchange {
        let index = self.open(request, scripts);
        self.run(index)
    }

    pub fn hang_up(&mut self, index: usize) {
        self.exchanges[index].hang_up();
        self.after_callbacks();
    }

    /// Answers the oldest message to a gRPC service; `None`: with an error.
    pub fn answer_grpc(&mut self, answer: Option<&[u8]>) {
        let asked = self.process.grpc.borrow_mut().remove(0);
        let found = self.exchanges.iter_mut().any(|e| e.grpc_answered(&asked, answer));
        assert!(found, "a context that is gone was answered");
        self.after_callbacks();
    }

    /// Opens, and goes as far as it goes without an answer of a gRPC service.
    pub fn start(&mut self, request: Request, scripts: Vec<Script>) -> usize {
        let index = self.open(request, scripts);
        while self.step(index) {}
        index
    }

    pub fn advance(&mut self, millis: u64) {
        let end = self.process.now.get() + millis * 1_000_000;
        while self.pass_time(end) {}
        self.process.now.set(end);
    }

    /// The VM traps and a fresh one takes over: memory and timers are gone, shared
    /// data and filter state are not.
    pub fn reload(&mut self) {
        self.reloads += 1;
        self.process.ticks.borrow_mut().clear();
        self.vm.worker = Rc::new(Worker::new(1 + self.reloads));
        self.exchanges.iter_mut().for_each(Exchange::orphan);
    }

    /// The same VM gets a new configuration: new root contexts for what comes.
    pub fn push_config(&mut self) {
        self.vm.root += 1;
        self.after_callbacks();
    }

    /// The same with another one, for calls that come from now on.
    pub fn push(&mut self, config: &str) {
        self.config = Rc::new(config::load(config.as_bytes(), &|_| None).unwrap());
        self.push_config();
    }

    /// Adds to the usage row of these labels, as another worker's call would.
    pub fn count(&self, labels: &str, counts: &Counts) {
        add(&*self.watcher, self.config.max_usage_rows, labels, None, counts).unwrap();
    }

    pub fn rows(&self) -> Vec<Row> {
        report(&*self.watcher, self.config.max_usage_rows)
    }

    /// Nothing is left of any request, and no host call was refused.
    pub fn assert_calm(&mut self) {
        assert!(self.exchanges.iter().all(Exchange::has_ended));
        assert!(self.vm.worker.registry.is_empty(), "the registry keeps an entry");
        assert!(self.vm.worker.load.is_idle(), "an attempt is still counted as in flight");
        // The slowest tick is one a second.
        self.advance(1_050);
        let ticks = self.process.ticks.borrow();
        assert!(ticks.is_empty(), "a deadline is still watched: {ticks:?}");
        assert!(self.process.refused.borrow().is_empty(), "{:?}", self.process.refused.borrow());
    }

    /// Goes to the next timer, `end` at the latest, and fires it. False: none is left.
    fn pass_time(&mut self, end: u64) -> bool {
        let tick = self.process.ticks.borrow().values().map(|(_, due)| *due).min();
        let timers = self.exchanges.iter().filter_map(Exchange::next_timer);
        let now = self.process.now.get();
        // A back-off that is over waits for its step, not for time.
        let Some(next) = timers.filter(|t| *t > now).chain(tick).min().filter(|t| *t <= end) else {
            return false;
        };
        self.process.now.set(next.max(now));
        self.tick();
        self.exchanges.iter_mut().for_each(Exchange::fire_timers);
        self.after_callbacks();
        true
    }

    fn tick(&mut self) {
        let now = self.process.now.get();
        let due: Vec<u32> = {
            let mut ticks = self.process.ticks.borrow_mut();
            let due = ticks.iter_mut().filter(|(_, (_, at))| *at <= now);
            due.map(|(root, (millis, at))| {
                *at = now + u64::from(*millis) * 1_000_000;
                *root
            })
            .collect()
        };
        for root in due {
            let context = self.process.context(&Rc::new(Stream::default()), root);
            self.vm.worker.tick(&*context);
            self.after_callbacks();
        }
    }

    /// What Envoy puts off until a callback has returned.
    fn after_callbacks(&mut self) {
        for context in self.process.resumed.take() {
            let found = self.exchanges.iter_mut().any(|e| e.resume(context));
            assert!(found, "an attempt that is over was let go");
        }
        for context in self.process.woken.take() {
            let found = self.exchanges.iter_mut().any(|e| e.wake(context));
            assert!(found, "an answer that does not flow was woken");
        }
        for context in self.process.cut.take() {
            let found = self.exchanges.iter_mut().any(|e| e.cut(context));
            assert!(found, "an answer that does not flow was cut");
        }
        for context in self.process.replied.take() {
            let found = self.exchanges.iter_mut().any(|e| e.replied(context));
            assert!(found, "a call that is over was answered");
        }
        let current = self.vm.root;
        let in_use = |root: u32| {
            root == current || self.exchanges.iter().any(|e| e.root == root && !e.has_ended())
        };
        self.process.ticks.borrow_mut().retain(|root, _| in_use(*root));
    }
}
