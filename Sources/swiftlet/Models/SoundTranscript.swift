import Hearing
import Pipelines
import SoundFiles
import Transcription

/// What is said in a sound file, and how long finding it out took.
struct SoundTranscript {
  /// A piece of the sound that was transcribed at once.
  struct Piece {
    let start: Duration
    let end: Duration
    let transcript: Transcript
    /// The mean probability of speech; nil where nobody asked.
    let speechProbability: Float?

    var text: String { transcript.text }
  }

  let path: String
  let pieces: [Piece]
  /// Whether the pieces are utterances that a detector found.
  let hasUtterances: Bool
  private let hasWords: Bool
  /// Seconds of sound.
  let duration: Double
  /// Seconds of work a second of sound, from opening the file to its text.
  let realTimeFactor: Double

  /// - Parameter search: finds the utterances; without one the whole sound is transcribed.
  init(_ path: String, by speech: any SpeechRecogniser, utterancesBy search: UtteranceSearch? = nil) throws {
    self.path = path
    (hasUtterances, hasWords) = (search != nil, speech.tellsWords)
    let start = MonotonicClock.now()
    var reader = try SoundReader(path: path, sampleRate: speech.sampleRate)
    pieces = try search.map { try Self.utterances(of: &reader, speech, $0) } ?? Self.wholeSound(of: &reader, speech)
    duration = reader.duration
    realTimeFactor = start.milliseconds(to: MonotonicClock.now()) / 1000 / duration
  }

  private static func wholeSound(of reader: inout SoundReader, _ speech: any SpeechRecogniser) throws -> [Piece] {
    if let speech = speech as? any StreamingSpeechRecogniser { return try streamedSound(of: &reader, speech) }
    var cutter = QuietCutter(greatestLength: speech.greatestLength, sampleRate: speech.sampleRate)
    var samples: [Float] = []
    var (pieces, done): ([Piece], Int) = ([], 0)
    func hear(_ piece: [Float]) throws {
      pieces.append(try self.piece(piece, at: done, nil, speech))
      done += piece.count
    }
    while try reader.read(into: &samples) {
      cutter.add(samples)
      while let piece = cutter.nextPiece() { try hear(piece) }
    }
    if let piece = cutter.lastPiece() { try hear(piece) }
    return pieces
  }

  /// However long it is, in one piece.
  private static func streamedSound(of reader: inout SoundReader, _ speech: any StreamingSpeechRecogniser) throws -> [Piece] {
    var samples: [Float] = []
    speech.begin(at: .zero)
    while try reader.read(into: &samples) { try speech.add(samples[...]) }
    try speech.end()
    return [Piece(start: .zero, end: .seconds(reader.duration), transcript: Transcript(speech.takeWords()), speechProbability: nil)]
  }

  private static func utterances(
    of reader: inout SoundReader, _ speech: any SpeechRecogniser, _ search: UtteranceSearch
  ) throws -> [Piece] {
    var cutter = search.cutter()
    var samples: [Float] = []
    var pieces: [Piece] = []
    func hear() throws {
      while let utterance = cutter.nextUtterance() {
        pieces.append(try piece(utterance.samples, at: utterance.start, utterance.probability, speech))
      }
    }
    while try reader.read(into: &samples) {
      cutter.add(samples)
      try hear()
    }
    cutter.end()
    try hear()
    return pieces
  }

  private static func piece(_ samples: [Float], at start: Int, _ probability: Float?, _ speech: any SpeechRecogniser) throws -> Piece {
    let origin = Duration.seconds(start) / speech.sampleRate
    return Piece(
      start: origin, end: origin + .seconds(samples.count) / speech.sampleRate, transcript: try speech.transcript(of: samples, from: origin),
      speechProbability: probability)
  }

  var text: String { pieces.map(\.text).filter { !$0.isEmpty }.joined(separator: " ") }

  /// The words, or where the model has no times for them the tokens.
  var json: JSON {
    var members: [(String, JSON)] = [("file", .string(path)), ("text", .string(text))]
    if hasWords {
      members.append(("words", .array(pieces.flatMap { $0.transcript.words ?? [] }.map(\.json))))
    } else {
      members.append(("tokens", .array(pieces.flatMap { $0.transcript.tokens ?? [] }.map { .integer($0) })))
    }
    if pieces.contains(where: \.transcript.isCut) { members.append(("cut", .boolean(true))) }
    if hasUtterances {
      let utterances = pieces.map { piece in
        JSON.object([
          ("start", .number(piece.start.inSeconds)), ("end", .number(piece.end.inSeconds)), ("text", .string(piece.text)),
          ("speech", .number((piece.speechProbability ?? 0).toFourDigits)),
        ])
      }
      members.append(("utterances", .array(utterances)))
    }
    if let first = pieces.first?.transcript.stages {
      let stages = pieces.dropFirst().reduce(first) { $0 + ($1.transcript.stages ?? StageTimes()) }
      let seconds = [("binding", stages.binding), ("encoder", stages.encoder), ("decoder", stages.decoder)]
      members.append(("stages", .object(seconds.map { ($0, .number($1.inSeconds)) })))
    }
    return .object(members + [("duration", .number(duration)), ("real_time_factor", .number(realTimeFactor))])
  }
}

extension TimedWord {
  /// Its times in seconds.
  var json: JSON {
    var members: [(String, JSON)] = [("word", .string(text)), ("start", .number(start.inSeconds)), ("end", .number(end.inSeconds))]
    if let confidence { members.append(("confidence", .number(confidence.toFourDigits))) }
    return .object(members)
  }
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Float {
  var toFourDigits: Double { (Double(self) * 1e4).rounded() / 1e4 }
}
