import Foundation
import SoundFiles
import Testing

@Suite struct SoundReaderTests {
  private func read(_ file: Data, at rate: Int = 16_000, name: String = "a.wav") throws -> [Float] {
    try WrittenSound.withFolder { folder in
      let path = folder.appendingPathComponent(name).path
      try file.write(to: URL(fileURLWithPath: path))
      var reader = try SoundReader(path: path, sampleRate: rate)
      var (all, piece): ([Float], [Float]) = ([], [])
      while try reader.read(into: &piece) { all += piece }
      return all
    }
  }

  private func failure(_ file: Data) -> SoundFileError? {
    do {
      _ = try read(file)
      return nil
    } catch { return error as? SoundFileError }
  }

  @Test(arguments: [8, 16, 24, 32])
  func `whole numbers of every width become the same samples`(bits: Int) throws {
    let values = [0, 0.25, -0.5, 0.75, -1]
    let data = values.reduce(into: Data()) { data, value in
      // 8-bit samples have no sign.
      data += WrittenSound.bytes(Int(value * Double(1 << (bits - 1))) + (bits == 8 ? 128 : 0), bits / 8)
    }
    #expect(try read(WrittenSound.wav(data, rate: 16_000, channels: 1, bits: bits)) == values.map(Float.init))
  }

  @Test func `channels become their mean, and real numbers stay as they are`() throws {
    let data = WrittenSound.reals([0.5, 0.25, 2, -1, 0, -0.5])
    #expect(try read(WrittenSound.wav(data, rate: 16_000, channels: 2, bits: 32, format: 3)) == [0.375, 0.5, -0.25])
  }

  @Test(arguments: [8000, 11_025, 22_050, 44_100, 48_000, 96_000])
  func `a tone keeps its pitch, level and place at another rate`(rate: Int) throws {
    let tone = WrittenSound.sine(440, rate: rate, count: rate * 2).map(Float.init)
    let samples = try read(WrittenSound.wav(WrittenSound.reals(tone), rate: rate, channels: 1, bits: 32, format: 3))
    #expect(abs(samples.count - 32_000) <= 1)
    let expected = WrittenSound.sine(440, rate: 16_000, count: 32_000)
    // Its ends ring: beyond them is silence.
    let difference = (2000..<30_000).map { abs(Double(samples[$0]) - expected[$0]) }.max() ?? 1
    #expect(difference < 1e-4)
  }

  @Test func `what can't be heard at the lower rate is taken out`() throws {
    let tone = WrittenSound.sine(11_000, rate: 48_000, count: 96_000).map(Float.init)
    let samples = try read(WrittenSound.wav(WrittenSound.reals(tone), rate: 48_000, channels: 1, bits: 32, format: 3))
    #expect(samples[2000..<30_000].allSatisfy { abs($0) < 1e-4 })
  }

  @Test func `what is no sound is refused with its reason`() {
    let whole = WrittenSound.wav(Data(repeating: 1, count: 64), rate: 16_000, channels: 1, bits: 16)
    #expect(failure(Data())?.code == .emptySound)
    #expect(failure(Data("hello, this is a text and no sound at all".utf8))?.code == .unsupportedFormat)
    for length in [4, 12, 20, 30] { #expect(failure(whole.prefix(length))?.code == .unsupportedFormat, "\(length)") }
    #expect(failure(WrittenSound.wav(Data(), rate: 16_000, channels: 1, bits: 16))?.code == .emptySound)
    #expect(failure(WrittenSound.wav(Data(repeating: 0, count: 400), rate: 10, channels: 1, bits: 16))?.code == .outOfBounds)
    #expect(failure(WrittenSound.wav(Data(repeating: 0, count: 400), rate: 16_000, channels: 100, bits: 16))?.code == .outOfBounds)
  }

  @Test(arguments: [Float.nan, .infinity])
  func `numbers that are none are refused, and where they are is said`(value: Float) {
    var values = [Float](repeating: 0.1, count: 32_000)
    values[24_000] = value
    let error = failure(WrittenSound.wav(WrittenSound.reals(values), rate: 16_000, channels: 1, bits: 32, format: 3))
    #expect(error?.code == .damagedSound)
    #expect(error?.message.contains("after 1.5 s") == true)
  }

  @Test func `a file that was cut off is read as far as it goes`() throws {
    let whole = WrittenSound.wav(Data(repeating: 0, count: 3200), rate: 16_000, channels: 1, bits: 16)
    #expect(try read(whole.prefix(44 + 1600)).count == 800)
  }

  @Test func `paths that are no file are refused`() throws {
    try WrittenSound.withFolder { folder in
      let code = { (path: String) -> SoundFileError.Code? in
        do {
          _ = try SoundReader(path: path, sampleRate: 16_000)
          return nil
        } catch { return (error as? SoundFileError)?.code }
      }
      #expect(code(folder.path) == .unreadableFile)
      #expect(code(folder.path + "/none.wav") == .missingFile)
      unsafe mkfifo(folder.path + "/pipe", 0o600)
      #expect(code(folder.path + "/pipe") == .unreadableFile)
    }
  }

  @Test func `a folder gives its sound files in the order of their names`() throws {
    try WrittenSound.withFolder { folder in
      for name in ["b.wav", "a.FLAC", "c.txt", ".hidden.wav"] { try Data().write(to: folder.appendingPathComponent(name)) }
      #expect(try SoundFolder.files(of: folder.path + "/") == ["a.FLAC", "b.wav"].map { folder.path + "/" + $0 })
      #expect(try SoundFolder.files(of: folder.path + "/c.txt") == [folder.path + "/c.txt"])
      try FileManager.default.createDirectory(at: folder.appendingPathComponent("empty"), withIntermediateDirectories: true)
      #expect(throws: SoundFileError.self) { try SoundFolder.files(of: folder.path + "/empty") }
      #expect(throws: SoundFileError.self) { try SoundFolder.files(of: folder.path + "/none") }
    }
  }
}
