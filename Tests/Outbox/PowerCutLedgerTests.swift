import SimulatedDisk
import Testing

@testable import Outbox

/// The judges of the power cuts: each kind of broken promise is seen, and each kind of loss is made.
@Suite struct PowerCutLedgerTests {
  private static let epoch = "0123456789abcdef"
  private static let topics = ["a/30/detections", "b/10/detections", "a/30/detections", "a/30/detections"]

  private static func message(_ id: Int64, _ topic: String, _ sequence: UInt64, generation: Int = 0) -> OutboxMessage {
    OutboxMessage(id: id, epoch: epoch, topic: topic, sequence: sequence, payload: WrittenPayload.of(topic, sequence, generation: generation))
  }

  private static func gap(_ id: Int64, _ topic: String, _ sequences: ClosedRange<UInt64>) -> OutboxMessage {
    let payload = #"{"topic":"\#(topic)","first_sequence":\#(sequences.lowerBound),"last_sequence":\#(sequences.upperBound)}"#
    return OutboxMessage(id: id, epoch: epoch, topic: "a/30/events", sequence: 1, payload: Array(payload.utf8))
  }

  /// a 1, b 1, a 2 and a 3 were accepted in this order; a 1 was delivered and is gone.
  private static var accepted: (ledger: Ledger, messages: [OutboxMessage]) {
    var counts: [String: UInt64] = [:]
    var ledger = Ledger()
    ledger.apply(.opened(epoch: epoch))
    let messages = topics.enumerated().map { index, topic in
      counts[topic, default: 0] += 1
      return message(Int64(index + 1), topic, counts[topic] ?? 0)
    }
    for message in messages { ledger.apply(.accepted(topic: message.topic, sequence: message.sequence, payload: message.payload)) }
    ledger.apply(.leaving(messages[0]))
    ledger.apply(.gone(messages[0]))
    return (ledger, messages)
  }

  private func violations(_ messages: [OutboxMessage], epoch: String = epoch) -> [String] {
    Self.accepted.ledger.violations(in: messages, epoch: epoch) { $0.payload == WrittenPayload.of($0.topic, $0.sequence, generation: 0) }
  }

  @Test func `what keeps the promise passes`() {
    let messages = Array(Self.accepted.messages.dropFirst())
    #expect(violations(messages) == [])
    #expect(violations(messages + [Self.message(5, "a/30/detections", 4)]) == [])
    #expect(violations([messages[0], messages[2], Self.gap(5, "a/30/detections", 2...2)]) == [])
    #expect(Self.accepted.ledger.next(in: ["a/30/detections", "b/10/detections", "c"], after: messages) == [4, 2, 1])
  }

  @Test func `each way to break it is named`() {
    let messages = Array(Self.accepted.messages.dropFirst())
    #expect(violations(messages, epoch: "fedcba9876543210") == ["the epoch is fedcba9876543210 instead of 0123456789abcdef"])
    #expect(violations(Array(messages.dropLast())) == ["a/30/detections 3 of 3 is missing"])
    #expect(violations([messages[0], messages[2]]) == ["a/30/detections 2 of 3 is missing"])
    #expect(violations(Self.accepted.messages) == ["a/30/detections 1 is back, though its removal was reported"])
    #expect(violations([messages[0], messages[1], Self.message(4, "a/30/detections", 3, generation: 1)]) == ["a/30/detections 3 was changed"])
    #expect(violations(messages + [Self.message(5, "a/30/detections", 4, generation: 1)]) == ["a/30/detections 4 is what nobody wrote"])
    #expect(violations(messages + [Self.message(5, "a/30/detections", 5)]) == ["a/30/detections 4 of 3 is missing"])
    #expect(violations([messages[1], messages[0], messages[2]]).contains("b/10/detections 1 comes out of order"))
    let swapped = [Self.message(2, "a/30/detections", 2), Self.message(3, "b/10/detections", 1), messages[2]]
    #expect(violations(swapped) == ["b/10/detections 1 comes after one that was accepted later"])
    #expect(violations(messages + [Self.message(5, "a/30/detections", 3)]).contains("a/30/detections 3 isn't newer than the one before it"))
  }

  @Test func `a number given out twice is noticed while it happens`() {
    var (ledger, messages) = Self.accepted
    ledger.apply(.accepted(topic: "a/30/detections", sequence: 3, payload: [1]))
    #expect(ledger.violations == ["a/30/detections 3 was given out again"])
    ledger = Self.accepted.ledger
    messages[2] = Self.message(3, "a/30/detections", 2, generation: 1)
    ledger.apply(.seen(messages[2]))
    #expect(ledger.violations == ["a/30/detections 2 is another message now"])
  }

  @Test func `a power cut leaves what was synced, and any mixture of sectors of the rest`() {
    var disk = Disk()
    disk.apply(.opened("file"))
    disk.apply(.wrote("file", at: 0, [UInt8](repeating: 1, count: 2048)))
    #expect(disk.contents(after: .keepsSynced).isEmpty)
    #expect(disk.contents(after: .keepsNames)["file"]?.bytes == [])
    disk.apply(.synced("file", withFolder: true))
    disk.apply(.wrote("file", at: 256, [UInt8](repeating: 2, count: 1024)))
    disk.apply(.truncated("file", to: 1536))
    let synced = [UInt8](repeating: 1, count: 2048)
    #expect(disk.contents(after: .keepsSynced)["file"]?.bytes == synced)
    let all = synced[..<256] + [UInt8](repeating: 2, count: 1024) + synced[..<256]
    #expect(disk.contents(after: .keepsAll)["file"]?.bytes == Array(all))
    let torn = Set((0..<400).map { disk.contents(after: .tears(seed: $0))["file"]?.bytes ?? [] })
    // Three sectors are written or not, the last one kept, emptied or cut off.
    for bytes in torn {
      #expect(bytes.count == 1536 || bytes.count == 2048)
      #expect(bytes[..<256].allSatisfy { $0 == 1 } && bytes[1280..<1536].allSatisfy { $0 == 1 })
      for part in [256..<512, 512..<1024, 1024..<1280] { #expect(Set(bytes[part]).count == 1) }
    }
    #expect(torn.count == 24)
  }
}
