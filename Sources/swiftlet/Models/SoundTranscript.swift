import CPUExecution
import Hearing
import Pipelines
import SoundFiles
import Transcription

/// What is said in a sound file, and how long finding it out took.
struct SoundTranscript {
  let path: String
  /// One a piece.
  private let parts: [Transcript]
  /// Seconds of sound.
  let duration: Double
  /// Seconds of work a second of sound, from opening the file to its text.
  let realTimeFactor: Double

  init(_ path: String, by speech: any SpeechRecogniser) throws {
    self.path = path
    let start = MonotonicClock.now()
    var reader = try SoundReader(path: path, sampleRate: speech.sampleRate)
    var cutter = QuietCutter(greatestLength: speech.greatestLength, sampleRate: speech.sampleRate)
    var samples: [Float] = []
    var (parts, done): ([Transcript], Int) = ([], 0)
    func hear(_ piece: [Float]) throws {
      parts.append(try speech.transcript(of: piece, from: .seconds(done) / speech.sampleRate))
      done += piece.count
    }
    while try reader.read(into: &samples) {
      cutter.add(samples)
      while let piece = cutter.nextPiece() { try hear(piece) }
    }
    if let piece = cutter.lastPiece() { try hear(piece) }
    self.parts = parts
    duration = reader.duration
    realTimeFactor = start.milliseconds(to: MonotonicClock.now()) / 1000 / duration
  }

  var text: String { parts.map(\.text).filter { !$0.isEmpty }.joined(separator: " ") }

  /// The words, or where the model has no times for them the tokens.
  var json: JSON {
    var members: [(String, JSON)] = [("file", .string(path)), ("text", .string(text))]
    if parts.allSatisfy({ $0.words != nil }) {
      let words = parts.flatMap { $0.words ?? [] }.map { word in
        JSON.object([("word", .string(word.text)), ("start", .number(word.start.inSeconds)), ("end", .number(word.end.inSeconds))])
      }
      members.append(("words", .array(words)))
    }
    if parts.contains(where: { $0.tokens != nil }) { members.append(("tokens", .array(parts.flatMap { $0.tokens ?? [] }.map { .integer($0) }))) }
    return .object(members + [("duration", .number(duration)), ("real_time_factor", .number(realTimeFactor))])
  }
}

extension Duration {
  fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
