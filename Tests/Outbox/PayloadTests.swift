import Foundation
import Outbox
import Pipelines
import Testing

@Suite struct PayloadTests {
  static let moment = WallTime(microseconds: 1_772_348_709_000_042)

  static let detection = DetectionMessage(
    capturedAt: moment, clock: .synchronised, frame: 17, model: "surface", modelVersion: "1.2",
    latencies: [.init("capture", .microseconds(1500)), .init("inference", .milliseconds(12))],
    detections: [.init(label: "a \"scratch\"\n", score: 0.75, box: (0.25, 0.5, 0.125, 0.25), track: 3), .init(label: "class", score: 1, box: nil)])

  @Test func `a detection message reads as the contract says`() throws {
    let bytes = Self.detection.encoded(as: MessageNumber(epoch: "00000000deadbeef", sequence: 9))
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"""
        {"schema":"swiftlet/detections/1","epoch":"00000000deadbeef","sequence":9,"captured_at":"2026-03-01T07:05:09.000042Z","clock":"synchronised",\#
        "frame":17,"model":{"name":"surface","version":"1.2"},"latency_ms":{"capture":1.5,"inference":12.0},\#
        "detections":[{"label":"a \"scratch\"\n","score":0.75,"box":[0.25,0.5,0.125,0.25],"track":3},{"label":"class","score":1.0}]}
        """#.replacing("\\\n", with: ""))
    _ = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  /// With numbers that are none, as a model may give them.
  static let transcript = TranscriptMessage(
    capturedAt: moment, clock: .synchronised, endedAt: moment, utterance: .init(session: "00112233445566aa", number: 3), isFinal: true, isRevised: true,
    isCut: true, text: "stop line",
    words: [
      .init(text: "stop", start: .zero, end: .microseconds(400_250), confidence: 0.5),
      .init(text: "line", start: .milliseconds(500), end: .seconds(1), confidence: .nan),
    ], confidence: 2, speechProbability: 0.123456, microphone: "desk", model: "m", modelVersion: "7",
    latencies: [.init("waiting", .milliseconds(320)), .init("transcription", .milliseconds(12))])

  static let command = SpokenCommandMessage(
    capturedAt: moment, clock: .unsynchronised, endedAt: moment, utterance: .init(session: "00112233445566aa", number: 3), command: "Stop line!",
    heard: "stop line", confidence: nil, microphone: "desk")

  @Test func `a transcript and a command read as the contract says`() {
    let number = MessageNumber(epoch: "0123456789abcdef", sequence: 1)
    let said = String(decoding: Self.transcript.encoded(as: number), as: UTF8.self)
    #expect(
      said.contains(#""schema":"swiftlet/transcript/1""#)
        && said.contains(#""session":"00112233445566aa","utterance":3,"final":true,"revised":true,"cut":true"#))
    #expect(said.contains(#""text":"stop line","confidence":1.0,"speech":0.1235,"#), "\(said)")
    #expect(
      said.contains(#"{"word":"stop","start_ms":0.0,"end_ms":400.25,"confidence":0.5},{"word":"line","start_ms":500.0,"end_ms":1000.0,"confidence":0.0}"#))
    #expect(said.contains(#""latency_ms":{"waiting":320.0,"transcription":12.0}"#))
    let event = String(decoding: Self.command.encoded(as: number), as: UTF8.self)
    #expect(event.contains(#""event":"command","command":"Stop line!","heard":"stop line","ended_at""#), "\(event)")
  }

  @Test func `boxes stay within the frame, whatever the model gives`() throws {
    var message = Self.detection
    message.detections = [
      .init(label: "x", score: .nan, box: (-0.5, 0.9, .infinity, 0.5)), .init(label: "y", score: 7, box: (.nan, -1, -.infinity, 2)),
    ]
    let object = try JSONSerialization.jsonObject(with: Data(message.encoded(as: MessageNumber(epoch: "0", sequence: 1)))) as? [String: Any]
    let detections = try #require(object?["detections"] as? [[String: Any]])
    for detection in detections {
      let box = try #require(detection["box"] as? [Double])
      #expect(box.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(box[0] + box[2] <= 1.000001 && box[1] + box[3] <= 1.000001)
      let score = try #require(detection["score"] as? Double)
      #expect((0...1).contains(score))
    }
  }

  @Test func `every scalar survives the way through JSON`() throws {
    var text = ""
    for value in [UInt32(0)...0x2FF, 0x2028...0x2029, 0xFFFD...0xFFFF, 0x1F600...0x1F610].joined() {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    var json = JSONWriter()
    json.object { $0.member(text, text) }
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: String])
    #expect(object.first.map { Array($0.key.unicodeScalars) } == Array(text.unicodeScalars))
    #expect(object.first.map { Array($0.value.unicodeScalars) } == Array(text.unicodeScalars))
  }

  @Test func `numbers are read back as they were, and what JSON can't say is null`() throws {
    let values: [Double] = [0, -0.0, 1e-300, .leastNonzeroMagnitude, 1e300, .greatestFiniteMagnitude, 0.1, 1.0 / 3, -123456789.125]
    var json = JSONWriter()
    json.array {
      for value in values { $0.number(value) }
      $0.number(Double.nan)
      $0.number(Float.infinity)
      $0.integer(UInt64.max)
      $0.boolean(true)
      $0.object { _ in }
      $0.array { _ in }
    }
    let read = try JSONDecoder().decode([AnyNumber].self, from: Data(json.bytes))
    #expect(read.prefix(values.count).map(\.value) == values)
    let tail = String(decoding: json.bytes, as: UTF8.self).split(separator: ",").suffix(6).joined(separator: ",")
    #expect(tail == "null,null,18446744073709551615,true,{},[]]")
  }

  private struct AnyNumber: Decodable {
    let value: Double?

    init(from decoder: any Decoder) throws {
      value = try? decoder.singleValueContainer().decode(Double.self)
    }
  }

  @Test func `current facts count from one in an epoch of their own`() {
    var numbering = CurrentFactNumbering()
    #expect(numbering.epoch.utf8.count == 16 && numbering.epoch != CurrentFactNumbering().epoch)
    #expect((1...3).map { _ in numbering.next().sequence } == [1, 2, 3])
    #expect(numbering.lastWill.sequence == 0)
  }
}
