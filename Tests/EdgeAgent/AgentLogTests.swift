import EdgeAgent
import Foundation
import Pipelines
import Supervision
import Testing

/// Collects lines from a closure that must be sendable.
private final class Lines: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var stored: [String] = []
  func add(_ line: String) { mutex.withLock { stored.append(line) } }
  var all: [String] { mutex.withLock { stored } }
}

private func instant(_ seconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: seconds * 1_000_000_000) }

@Suite struct AgentLogTests {
  @Test func `a repeated message is written once a minute with its count`() {
    let lines = Lines()
    let log = AgentLog(name: "swiftletd", showsPriority: false) { lines.add($0) }
    for second in [0, 1, 2, 59, 60, 61] as [UInt64] { log.log(.warning, "no frames", at: instant(second)) }
    log.log(.warning, "other", at: instant(61))
    #expect(lines.all == ["swiftletd: warning: no frames", "swiftletd: warning: no frames (3 more times since)", "swiftletd: warning: other"])
  }

  @Test func `a change of state is written at once, so that the last line is true, unless it flaps`() {
    let lines = Lines()
    let log = AgentLog(name: "d", showsPriority: false) { lines.add($0) }
    for (second, text) in [(0, "lost"), (1, "lost"), (2, "there"), (3, "lost"), (4, "there"), (70, "there")] as [(UInt64, String)] {
      log.change(.notice, of: "broker", to: text, at: instant(second))
    }
    #expect(lines.all == ["d: lost", "d: there", "d: lost", "d: there", "d: there"])
    for index in 0..<100 { log.change(.notice, of: "other", to: "\(index)", at: instant(80)) }
    #expect((15...25).contains(lines.all.count - 5))
    log.event(.notice, "asked for")
    log.event(.notice, "asked for")
    #expect(lines.all.suffix(2) == ["d: asked for", "d: asked for"])
  }

  @Test func `without a journal to reach the lines are written all the same`() throws {
    let lines = Lines()
    let journal = try #require(Journal(path: "/nowhere/journal"))
    let log = AgentLog(name: "swiftletd", showsPriority: true, journal: journal) { lines.add($0) }
    log.warning("no frames", about: .camera("top"))
    #expect(lines.all == ["<4>no frames"])
  }

  @Test func `last words are on standard error, also where the journal takes everything else`() throws {
    let path = "/tmp/swiftlet-log-\(UUID().uuidString)"
    let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer {
      close(receiver)
      unsafe unlink(path)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    try #require(bound == 0)
    let lines = Lines()
    let journal = try #require(Journal(path: path))
    let log = AgentLog(name: "swiftletd", showsPriority: true, journal: journal) { lines.add($0) }
    log.error("in the journal")
    #expect(lines.all.isEmpty)
    log.lastWords(.error, "two\nlines")
    #expect(lines.all == ["<3>two lines"])
  }

  @Test func `the journal gets priorities and single lines`() {
    let lines = Lines()
    let log = AgentLog(name: "swiftletd", least: .notice, showsPriority: true) { lines.add($0) }
    log.error("two\nlines")
    log.notice("started")
    log.information("left out")
    #expect(lines.all == ["<3>two lines", "<5>started"])
  }
}
