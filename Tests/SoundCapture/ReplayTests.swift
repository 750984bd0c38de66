import Foundation
import Pipelines
import Testing

@testable import SoundCapture

/// A folder of WAV files, removed with it.
private final class SoundFolder: Sendable {
  let path = NSTemporaryDirectory() + "swiftlet-sounds-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
}

private func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// A WAV file around samples.
private func wav(
  _ samples: [UInt8], kind: Int = 1, channels: Int = 1, rate: Int = 16_000, bits: Int = 16, before: [UInt8] = [], length: Int? = nil
) -> [UInt8] {
  let frame = channels * bits / 8
  let format = bytes(kind, 2) + bytes(channels, 2) + bytes(rate, 4) + bytes(rate * frame, 4) + bytes(frame, 2) + bytes(bits, 2)
  let head = Array("RIFF".utf8) + bytes(36 + samples.count, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4) + format
  return head + before + Array("data".utf8) + bytes(length ?? samples.count, 4) + samples
}

@Suite struct ReplayTests {
  private let count: [UInt8] = (1...1600).flatMap { bytes($0, 2) }
  private let floats = (1...1600).map { Float($0) / 32_768 }

  /// What a folder gives up to its end.
  private func replay(_ folder: SoundFolder, rate: Int = 16_000) throws -> (samples: [Float], blocks: [SoundBlock], counters: MicrophoneCounters) {
    let microphone = try Microphone(replaying: folder.path, loops: false, settings: MicrophoneSettings(sampleRate: rate))
    var (all, part, blocks): ([Float], [Float], [SoundBlock]) = ([], [], [])
    while true {
      switch microphone.next(into: &part, timeout: .seconds(30)) {
      case .sound(let block):
        all += part
        blocks.append(block)
      case .stateChanged: continue
      case .timedOut, .ended: return (all, blocks, microphone.counters)
      }
    }
  }

  @Test func `a file comes sample by sample at the pace of the clock, with a second of silence behind it, and then the next`() throws {
    let folder = try SoundFolder()
    try folder.write("b.WAV", wav(count))
    try folder.write("a.wav", wav(count))
    try folder.write("notes.txt", [1])
    let begin = MonotonicClock.now()
    let heard = try replay(folder)
    // The last file's silence is told, too: what is said at its end is over.
    #expect(heard.samples == floats + [Float](repeating: 0, count: 16_000) + floats + [Float](repeating: 0, count: 16_000))
    #expect(heard.counters.delivered == 35_200 && heard.counters.lost == 0 && heard.counters.dropped == 0)
    #expect(zip(heard.blocks, heard.blocks.dropFirst()).allSatisfy { $0.position + $0.count == $1.position })
    // It can't have come faster than it was said.
    #expect(begin.duration(to: MonotonicClock.now()) >= .milliseconds(2199))
    let span = heard.blocks[0].capturedAt.duration(to: heard.blocks[heard.blocks.count - 1].capturedAt)
    #expect(abs(span / .milliseconds(1) - Double(heard.blocks[heard.blocks.count - 1].position) / 16) < 5)
  }

  @Test(arguments: [
    (1, 8, 1, [UInt8(192), 64]), (1, 24, 1, [UInt8(0), 0, 64, 0, 0, 192]), (1, 32, 1, [UInt8(0), 0, 0, 64, 0, 0, 0, 192]),
    (3, 32, 1, [UInt8(0), 0, 0, 63, 0, 0, 0, 191]), (1, 16, 2, [UInt8(0), 0x60, 0, 0x20, 0, 0xA0, 0, 0xE0]),
  ])
  func `every format is read`(kind: Int, bits: Int, channels: Int, samples: [UInt8]) throws {
    let folder = try SoundFolder()
    try folder.write("a.wav", wav(samples, kind: kind, channels: channels, bits: bits))
    let file = try WAVFile("\(folder.path)/a.wav")
    var memory = [UInt8](repeating: 0, count: 64)
    var mono: [Float] = [9, 9]
    let read = unsafe memory.withUnsafeMutableBytes { unsafe file.read(into: $0.baseAddress!, frames: 4) }
    #expect(read == 2)
    let unusable = unsafe memory.withUnsafeBytes { raw in
      unsafe mono.withUnsafeMutableBufferPointer { unsafe file.format.sampleFormat.mix(raw.baseAddress!, channels: channels, into: $0) }
    }
    #expect(unusable == 0 && mono == [0.5, -0.5])
  }

  @Test func `chunks before the samples, unknown lengths and the extensible form are read`() throws {
    let folder = try SoundFolder()
    let list = Array("LIST".utf8) + bytes(5, 4) + [1, 2, 3, 4, 5, 0]
    for (name, file) in [("list", wav(count, before: list)), ("pipe", wav(count, length: 0xFFFF_FFFF)), ("none", wav(count, length: 0))] {
      try folder.write("a.wav", file)
      var memory = [UInt8](repeating: 0, count: 4000)
      let read = try unsafe memory.withUnsafeMutableBytes { unsafe try WAVFile("\(folder.path)/a.wav").read(into: $0.baseAddress!, frames: 2000) }
      #expect(read == 1600 && memory[..<4].elementsEqual([1, 0, 2, 0]), "\(name)")
    }
    var extensible = wav(count)
    // A format of 40 bytes whose kind stands in its identifier.
    extensible[16..<20] = bytes(40, 4)[...]
    extensible[20..<22] = [0xFE, 0xFF]
    extensible.insert(contentsOf: bytes(22, 2) + bytes(16, 2) + bytes(4, 4) + bytes(1, 2) + [UInt8](repeating: 7, count: 14), at: 36)
    try folder.write("a.wav", extensible)
    #expect(try WAVFile("\(folder.path)/a.wav").format == WAVFile.Format(sampleFormat: .s16, sampleRate: 16_000, channelCount: 1))
  }

  @Test func `what is no such file is refused by name, and every truncation is read or refused`() throws {
    let folder = try SoundFolder()
    for (file, words) in [
      ([], "is no WAV file"), (Array("fLaC".utf8), "is no WAV file"), (wav([], bits: 16), "has no samples"), (wav(count, kind: 7, bits: 8), "is compressed"),
      (wav(count, channels: 0), "is compressed"), (wav(count, rate: 10), "is compressed"), (Array(wav(count).prefix(36)), "has no samples"),
    ] {
      try folder.write("a.wav", file)
      let error = #expect(throws: SoundCaptureError.self) { try Microphone.checkReplay(of: folder.path) }
      #expect(error?.message.contains("a.wav \(words)") == true, "\(error?.message ?? "")")
    }
    let whole = wav(Array(count.prefix(40)))
    for length in 0..<whole.count {
      try folder.write("a.wav", Array(whole.prefix(length)))
      guard let file = try? WAVFile("\(folder.path)/a.wav") else { continue }
      var memory = [UInt8](repeating: 0, count: 64)
      let read = unsafe memory.withUnsafeMutableBytes { unsafe file.read(into: $0.baseAddress!, frames: 32) }
      #expect(read == (length - 44) / 2)
    }
  }

  @Test func `whatever a head says, no more is read than there is`() throws {
    let folder = try SoundFolder()
    let whole = wav(Array(count.prefix(40)), before: Array("LIST".utf8) + bytes(2, 4) + [1, 2])
    for place in 0..<54 {
      for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
        var changed = whole
        changed[place] = value
        try folder.write("a.wav", changed)
        guard let file = try? WAVFile("\(folder.path)/a.wav") else { continue }
        var memory = [UInt8](repeating: 0, count: 64 * 64)
        var frames = 0
        while frames <= whole.count {
          let read = unsafe memory.withUnsafeMutableBytes { unsafe file.read(into: $0.baseAddress!, frames: 16) }
          guard read > 0 else { break }
          frames += read
        }
        #expect(frames * file.format.bytesPerFrame <= whole.count, "byte \(place) is \(value)")
      }
    }
  }

  @Test func `files that are written in different ways make no microphone`() throws {
    let folder = try SoundFolder()
    try folder.write("a.wav", wav(count))
    try folder.write("b.wav", wav(count, rate: 8000))
    let error = #expect(throws: SoundCaptureError.self) { try Microphone.checkReplay(of: folder.path) }
    #expect(error?.message.contains("b.wav is written otherwise than") == true)
  }

  @Test func `a folder that is away is waited for, and stopping ends the wait`() throws {
    let folder = try SoundFolder()
    let microphone = try Microphone(replaying: "\(folder.path)/later")
    var samples: [Float] = []
    guard case .stateChanged(.waiting(let reason)) = microphone.next(into: &samples, timeout: .seconds(30)) else {
      Issue.record("no state")
      return
    }
    #expect(reason.contains("the folder \(folder.path)/later can't be read"))
    microphone.stop()
    #expect(microphone.next(into: &samples, timeout: .seconds(30)) == .ended)
  }

  @Test func `a folder goes round until it is told to stop`() throws {
    let folder = try SoundFolder()
    // So short that its silence is most of it.
    try folder.write("a.wav", wav(Array(count.prefix(640))))
    let microphone = try Microphone(replaying: folder.path)
    var (samples, heard): ([Float], Int) = ([], 0)
    while heard <= 16_640 {
      let event = microphone.next(into: &samples, timeout: .seconds(30))
      if case .sound(let block) = event { heard = block.position + block.count }
      #expect(event != .timedOut && event != .ended)
    }
    microphone.stop()
  }

  @Test func `a head with nothing but zeros behind it is refused soon, by name`() throws {
    let folder = try SoundFolder()
    // A file of this length that has no bytes on the disk would take hours.
    try folder.write("a.wav", Array("RIFF".utf8) + bytes(0, 4) + Array("WAVE".utf8) + [UInt8](repeating: 0, count: 100_000))
    let error = #expect(throws: SoundCaptureError.self) { try Microphone.checkReplay(of: folder.path) }
    #expect(error?.message.contains("a.wav has more than 1000 chunks before its samples") == true, "\(error?.message ?? "")")
    let list = Array("LIST".utf8) + bytes(0, 4)
    try folder.write("a.wav", wav(count, before: (0..<900).flatMap { _ in list }))
    try Microphone.checkReplay(of: folder.path)
  }
}
