import Foundation
import Testing

@testable import swiftlet

@Suite struct SpokenDatasetTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

  private func dataset(_ files: [String: String], path: String? = nil) throws -> SpokenDataset {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try SpokenDataset(path: path.map { "\(folder)/\($0)" } ?? folder)
  }

  private func refusal(_ files: [String: String]) -> String {
    do { _ = try dataset(files) } catch { return (error as? CommandFailure)?.message ?? "\(error)" }
    return "taken"
  }

  @Test func `texts come from a table and from files beside the sounds, and what nobody told is counted`() throws {
    let data = try dataset([
      "a.wav": "", "b.flac": "", "c.wav": "", "d.wav": "", "transcripts.tsv": "a.wav\tone two\n\nd.wav\t\n", "b.txt": "three\nfour\n", "a.txt": "no",
    ])
    #expect(data.clips.map(\.said) == ["one two", "three four", ""])
    #expect(data.clips.map { FilePath.name(of: $0.path) } == ["a.wav", "b.flac", "d.wav"] && data.untoldCount == 1)
  }

  @Test func `one sound is a data set, and an empty text says that nothing is spoken`() throws {
    #expect(try dataset(["a.wav": "", "b.wav": "", "transcripts.tsv": "b.wav\tx\na.wav\ty\n"], path: "a.wav").clips.map(\.said) == ["y"])
    #expect(try dataset(["a.wav": "", "a.txt": ""]).clips.map(\.said) == [""])
  }

  @Test(arguments: [
    (["a.wav": ""], "nothing says what is spoken"),
    (["a.wav": "", "transcripts.tsv": "a.wav one\n"], "transcripts.tsv:1: expected a file, a tab"),
    (["a.wav": "", "transcripts.tsv": "a.wav\tone\nb.wav\ttwo\n"], "transcripts.tsv:2: there is no sound ‘b.wav’"),
    (["a.wav": "", "transcripts.tsv": "a.wav\tone\na.wav\ttwo\n"], "transcripts.tsv:2: ‘a.wav’ has a text already"),
    (["transcripts.tsv": "a.wav\tone\n"], "holds no WAV or FLAC file"),
  ])
  func `a mistake is named with its line`(_ files: [String: String], _ expected: String) {
    #expect(refusal(files).contains(expected), "\(refusal(files))")
  }

  @Test func `bytes that are no text are refused`() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data().write(to: URL(fileURLWithPath: "\(folder)/a.wav"))
    try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: "\(folder)/a.txt"))
    #expect { try SpokenDataset(path: folder) } throws: { ($0 as? CommandFailure)?.message.hasSuffix("a.txt: is no UTF-8 text") == true }
  }
}
