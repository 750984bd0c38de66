import Foundation
import JSONReading
import SoundFiles
import Tensors

/// A smallest model of random weights, a sound, and what transformers makes of it.
struct GoldenSpeech {
  let folder: String

  init(_ name: String) { folder = Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil)!.path }

  func tensor(_ name: String) throws -> HostTensor { try HostTensor(npy: [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(name)")))) }

  func samples() throws -> [Float] {
    var reader = try SoundReader(path: "\(folder)/sound.wav", sampleRate: 16000)
    var (all, part): ([Float], [Float]) = ([], [])
    while try reader.read(into: &part) { all += part }
    return all
  }

  private func member(_ name: String) throws -> JSONValue? {
    let json = try JSONParser.parse([UInt8](Data(contentsOf: URL(filePath: "\(folder)/tokens.json"))))
    return if case .object(let members) = json { members[name] } else { nil }
  }

  func tokens(_ name: String) throws -> [Int] {
    guard case .array(let items)? = try member(name) else { return [] }
    return items.compactMap { if case .number(let text) = $0 { Int(text) } else { nil } }
  }

  func number(_ name: String) throws -> Float? { if case .number(let text)? = try member(name) { Float(text) } else { nil } }

  func text(_ name: String) throws -> String? { if case .string(let text)? = try member(name) { text } else { nil } }

  /// Not where a number is none.
  static func areClose(_ a: HostTensor, _ b: HostTensor, within tolerance: Float) -> Bool {
    a.elementCount == b.elementCount && zip(a.floats(), b.floats()).allSatisfy { abs($0 - $1) < tolerance }
  }
}
