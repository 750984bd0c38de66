import Foundation
import JSONReading
import Testing

@testable import ModelManifest

private let manifests: [Manifest] = [
  Manifest(name: "raw", version: "1", task: .raw),
  Manifest(
    name: "größer\n\"q\" 🦉", version: "2.1", task: .detection, labels: ["a", "", "\\\u{1}"],
    input: ImageInput(
      tensor: "image", width: 256, height: 192, colour: .bgr, fit: .stretch, anchor: .topLeft, padding: 0, mean: [0.485, 1e-7, 123], deviation: [1, 2, 3]),
    decoding: .yolox(YOLOXDecoding(output: "o", strides: [8, 16], appliesSigmoid: true, suppression: Suppression(scoreThreshold: 0.35))),
    licence: "Apache-2.0", provenance: "x/y", calibration: Calibration(method: "min-max", samples: 24, floatValues: ["a"], unevenValues: ["b", "c"])),
  Manifest(name: "s", version: "1", task: .detection, decoding: .ssd(SSDDecoding(scores: "s", boxes: "b", backgroundClass: nil))),
  Manifest(
    name: "v5", version: "1", task: .detection,
    decoding: .yolov5(YOLOv5Decoding(outputs: ["a", "b"], strides: [8, 16], anchors: [[BoxSize(width: 1, height: 2.5)], []], appliesSigmoid: true))),
  Manifest(name: "v8", version: "1", task: .detection, decoding: .yolov8(YOLOv8Decoding(output: "o", isNormalised: true))),
  Manifest(
    name: "gfl", version: "1", task: .detection, decoding: .distribution(DistributionDecoding(scores: ["s"], distances: ["d"], bins: 16, cellOffset: 0))),
  Manifest(name: "f", version: "1", task: .detection, decoding: .fastestdet(FastestDetDecoding(output: "o", classExponent: 0.25))),
  Manifest(
    name: "p", version: "1", task: .detection,
    decoding: .ssd(
      SSDDecoding(
        scores: "s", boxes: "b", boxFormat: .centreYX, activation: .sigmoid,
        priors: SSDPriors(grids: [.init(columns: 3, rows: 2, sizes: [BoxSize(width: 4, height: 5)])])))),
  Manifest(
    name: "speech", version: "1", task: .transcription, sound: SoundInput(tensor: "mel", sampleRate: 16_000, features: .logMel),
    decoding: .ctc(CTCDecoding(output: "y", alphabet: [" ", "é", "'"], blank: 3))),
  Manifest(name: "c", version: "1", task: .classification, decoding: .classification(ClassificationDecoding(output: "p", labelOffset: 1))),
]

private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

@Suite struct JSONTests {
  @Test(arguments: manifests) func `what Foundation writes is read the same`(manifest: Manifest) throws {
    for formatting in [[], .prettyPrinted, [.sortedKeys, .withoutEscapingSlashes]] as [JSONEncoder.OutputFormatting] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = formatting
      #expect(try JSONValueDecoder.decode(Manifest.self, from: [UInt8](encoder.encode(manifest))) == manifest)
    }
  }

  @Test func `a package that says nothing of values left in float is read`() throws {
    let manifest = try JSONValueDecoder.decode(
      Manifest.self, from: Array(#"{"name":"m","version":"1","task":"raw","labels":[],"calibration":{"method":"min-max","samples":3}}"#.utf8))
    #expect(manifest.calibration == Calibration(method: "min-max", samples: 3))
  }

  @Test func `values are read as the standard says`() throws {
    #expect(
      try parse(" [1, -0.5e+3, true, false, null, {}, []] ")
        == .array([.number("1"), .number("-0.5e+3"), .boolean(true), .boolean(false), .null, .object([:]), .array([])]))
    #expect(try parse(#""\u00e9\ud83e\udd89\n\/\\\"é""#) == .string("é🦉\n/\\\"é"))
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "[1 2]", "{\"a\" 1}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "01", "-", "1.", ".5", "1e", "+1", "0x1", "nan", "tru", "\"",
    "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "1 2", "[1]]",
  ])
  func `what is no JSON is refused`(text: String) {
    #expect(throws: JSONSyntaxError.self) { try parse(text) }
  }

  @Test func `nesting is bounded, text must be UTF-8`() {
    #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 100_000)) }
    #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0x22, 0xC3, 0x28, 0x22]) }
  }

  @Test(arguments: [
    ("{\"name\": 1, \"version\": \"1\", \"task\": \"raw\", \"labels\": []}", "name is a number, expected text"),
    ("{\"version\": \"1\", \"task\": \"raw\", \"labels\": []}", "‘name’ is missing"), ("[]", "it is a list, expected an object"),
    ("{\"name\": \"a\", \"version\": \"1\", \"task\": \"raw\", \"labels\": [\"x\", 3]}", "labels.[1] is a number, expected text"),
  ])
  func `a manifest that doesn't fit is explained`(text: String, expected: String) {
    do {
      _ = try JSONValueDecoder.decode(Manifest.self, from: Array(text.utf8))
      Issue.record("it was read")
    } catch { #expect(JSONValueDecoder.explanation(of: error) == expected) }
  }

  @Test func `every truncation and every flipped bit is read or refused`() throws {
    let bytes = [UInt8](try JSONEncoder().encode(manifests[1]))
    for length in 0..<bytes.count {
      #expect(throws: (any Error).self) { try JSONValueDecoder.decode(Manifest.self, from: Array(bytes[..<length])) }
    }
    for position in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        _ = try? JSONValueDecoder.decode(Manifest.self, from: damaged)
      }
    }
  }
}
