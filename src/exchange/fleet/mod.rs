//! Limits that all proxies share, over the wire: the rate limit service and its messages.
//! What is asked for, and when, is `policy::limits::lease`; who asks, `spending::draws`.

pub mod rls;
