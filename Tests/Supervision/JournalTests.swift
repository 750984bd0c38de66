import Foundation
import Testing

@testable import Supervision

@Suite struct JournalTests {
  private let path = "/tmp/swiftlet-journal-\(UUID().uuidString)"

  @Test func `fields are lines, and a value of several lines comes with its length`() {
    let bytes = Journal.encoded([Journal.Field("MESSAGE", "two\nlines"), Journal.Field("PRIORITY", "4"), Journal.Field("EMPTY", "")])
    #expect(bytes == Array("MESSAGE\n".utf8) + [9, 0, 0, 0, 0, 0, 0, 0] + Array("two\nlines\nPRIORITY=4\nEMPTY=\n".utf8))
  }

  @Test func `an entry arrives as a datagram, a large one as a file that nobody can change`() throws {
    let receiver = try NotifySocket(path)
    let journal = try #require(Journal(path: path))
    #expect(journal.send([Journal.Field("MESSAGE", "small")]) == .sent)
    #expect(receiver.receive() == "MESSAGE=small\n")
    let large = String(repeating: "x", count: 3_000_000)
    #expect(journal.send([Journal.Field("MESSAGE", large)]) == .sent)
    let file = try #require(receiver.receiveFile())
    defer { close(file) }
    #expect(unsafe write(file, "y", 1) == -1 && ftruncate(file, 0) == -1)
    let content = FileHandle(fileDescriptor: file, closeOnDealloc: false)
    try content.seek(toOffset: 0)
    #expect(try content.readToEnd() == Data("MESSAGE=\(large)\n".utf8))
  }

  @Test func `a journal that doesn't keep up isn't waited for, and later hears how much it missed`() throws {
    let receiver = try NotifySocket(path)
    let journal = try #require(Journal(path: path))
    var outcomes: [Journal.Outcome] = []
    while outcomes.count < 100_000, outcomes.last != .lost { outcomes.append(journal.send([Journal.Field("MESSAGE", "again")])) }
    #expect(journal.send([Journal.Field("MESSAGE", "again")]) == .lost)
    let sent = outcomes.count { $0 == .sent }
    #expect(sent > 0 && outcomes.count == sent + 1)
    for _ in 0..<sent { #expect(receiver.receive() == "MESSAGE=again\n") }
    #expect(journal.send([Journal.Field("MESSAGE", "after")]) == .sent)
    #expect(receiver.receive() == "MESSAGE=after\nSWIFTLET_LOST=2\n")
  }

  @Test func `without a journal nothing is sent`() throws {
    #expect(try #require(Journal(path: path)).send([Journal.Field("MESSAGE", "x")]) == .unreachable)
    #expect(try #require(Journal(path: String(repeating: "p", count: 200))).send([Journal.Field("MESSAGE", "x")]) == .unreachable)
  }

  @Test func `standard error is the journal's where the environment names the very stream`() throws {
    let descriptor = unsafe open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    var status = stat()
    unsafe fstat(descriptor, &status)
    #expect(Journal.isStream(descriptor, "\(status.st_dev):\(status.st_ino)"))
    for other in ["\(status.st_dev):\(status.st_ino + 1)", "\(status.st_ino)", "a:b", "", ":"] { #expect(!Journal.isStream(descriptor, other)) }
    #expect(!Journal.isStream(descriptor, nil) && !Journal.isStream(-1, "\(status.st_dev):\(status.st_ino)"))
  }
}
