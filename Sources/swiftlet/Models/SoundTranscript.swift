import CPUExecution
import Hearing
import Pipelines
import SoundFiles
import Transcription

/// What is said in a sound file, and how long finding it out took.
struct SoundTranscript {
  let path: String
  let words: [TimedWord]
  /// Seconds of sound.
  let duration: Double
  /// Seconds of work a second of sound, from opening the file to its text.
  let realTimeFactor: Double

  init(_ path: String, by speech: SpeechModel<CPUBackend>) throws {
    self.path = path
    let start = MonotonicClock.now()
    var reader = try SoundReader(path: path, sampleRate: speech.sampleRate)
    var cutter = QuietCutter(greatestLength: speech.greatestLength, sampleRate: speech.sampleRate)
    var samples: [Float] = []
    var (words, done): ([TimedWord], Int) = ([], 0)
    func hear(_ piece: [Float]) throws {
      words += try speech.transcribe(piece, from: .seconds(done) / speech.sampleRate)
      done += piece.count
    }
    while try reader.read(into: &samples) {
      cutter.add(samples)
      while let piece = cutter.nextPiece() { try hear(piece) }
    }
    if let piece = cutter.lastPiece() { try hear(piece) }
    self.words = words
    duration = reader.duration
    realTimeFactor = start.milliseconds(to: MonotonicClock.now()) / 1000 / duration
  }

  var text: String { words.map(\.text).joined(separator: " ") }

  var json: JSON {
    .object([
      ("file", .string(path)), ("text", .string(text)), ("words", .array(words.map(\.json))), ("duration", .number(duration)),
      ("real_time_factor", .number(realTimeFactor)),
    ])
  }
}

extension TimedWord {
  /// Its times in seconds.
  var json: JSON { .object([("word", .string(text)), ("start", .number(start.inSeconds)), ("end", .number(end.inSeconds))]) }
}

extension Duration {
  fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
