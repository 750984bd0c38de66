import ArgumentParser
import CPUExecution
import Glibc
import Hearing
import ModelCompiler
import ModelManifest
import Pipelines
import SoundCapture
import SoundFiles
import Transcription

struct TranscribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transcribe",
    abstract: "Write down what is said in sound files, or into a microphone.",
    discussion: """
      The model is a package of a CTC model, of Moonshine or Whisper (see compile) or of single words, or an ONNX or TFLite file with its recipe. Sound \
      of any rate and any number of channels becomes mono at the model's rate. Sound longer than the model takes is cut at quiet places; memory does not grow \
      with it. One line a file. With --voice-activity only utterances are transcribed: silence and noise cost next to nothing, and --json tells each one's time \
      and how likely it was speech. Beams and expected words are for CTC models; Moonshine and Whisper write the likeliest token each time, and have no times for their words.

      With --microphone it listens, and writes a line for each utterance as soon as it is over (--voice-activity energy unless given; with none, for pieces that \
      end at quiet places and last eight seconds at most). Ctrl-C ends it in order; a microphone that is pulled out is waited for.

      Examples: swiftlet transcribe quartznet.swiftlet note.wav
                swiftlet transcribe quartznet.swiftlet recordings/ --threads 2 --json
                swiftlet transcribe quartznet.swiftlet day.flac --voice-activity silero.swiftlet
                swiftlet transcribe quartznet.swiftlet --microphone --phrases commands.txt
                swiftlet transcribe quartznet.swiftlet --microphone --partial --look-ahead 1
                swiftlet transcribe quartznet.swiftlet --microphone plughw:CARD=Webcam,DEV=0
      """)

  @Argument(help: "A package, or an ONNX or TFLite file with --recipe.")
  var model: String

  @Argument(help: "Sound files (WAV, FLAC, and what else libsndfile reads), and folders of WAV and FLAC files.")
  var sounds: [String] = []

  @Option(
    defaultAsFlag: "default",
    help: ArgumentHelp(
      "Listen to this capture device, as ALSA names it: default, plughw:CARD=…, hw:…. Where it isn't there, those that are get listed.", valueName: "device"))
  var microphone: String?

  @Option(help: ArgumentHelp("End after so many seconds of listening.", valueName: "n"))
  var seconds: Double?

  @OptionGroup var source: ModelSourceOptions

  @Option(
    help: ArgumentHelp("Keep so many texts at a time and sum over their alignments, instead of taking the best symbol of each frame.", valueName: "texts"))
  var beam: Int?

  @Option(
    help: ArgumentHelp(
      "A word that is expected, in the model's letters; how much it is preferred may follow (5 by default). Uses a beam (16 by default). Repeatable.",
      valueName: "word[=bonus]"))
  var hotWord: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Listen only for these phrases, one a line of a file (empty lines and those that begin with # left out), with a CTC model: writes the one that each \
      utterance ends with, or nothing.
      """, valueName: "file"))
  var phrases: String?

  @Flag(help: "Listening, also write what is known of an utterance while it is being said: lines that begin with …, or \"final\": false; they only grow.")
  var partial = false

  @OptionGroup var activity: VoiceActivityOptions

  @OptionGroup var ahead: LookAheadOption

  @Option(help: "Threads that share the work.")
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "For comparisons, with one short sound and a model that writes token by token: what its encoder makes and each token's scores, as .npy files in a new folder.",
      valueName: "folder"))
  var tensors: String?

  @Flag(
    help: """
      One line of JSON a file: text, words with their times and confidence (or tokens, where the model has no times), duration and real-time factor. Listening, \
      one an utterance: start, end, text and words.
      """)
  var json = false

  func validate() throws {
    guard 1...64 ~= threads else { throw ValidationError("--threads is 1 to 64") }
    guard !sounds.isEmpty || microphone != nil else { throw ValidationError("give sound files, or --microphone") }
    guard sounds.isEmpty || microphone == nil else { throw ValidationError("give sound files or --microphone, not both") }
    if let seconds {
      guard microphone != nil else { throw ValidationError("--seconds is for --microphone") }
      guard seconds > 0, seconds <= 1e6 else { throw ValidationError("--seconds is more than 0, and 1000000 at most") }
    }
    guard !partial || microphone != nil else { throw ValidationError("--partial is for --microphone: of a file the whole text is known at once") }
    guard !partial || activity.voiceActivity != "none" else {
      throw ValidationError("--partial is for utterances: leave --voice-activity none out")
    }
    guard tensors == nil || microphone == nil && sounds.count == 1 else { throw ValidationError("--tensors is for one sound file") }
    if let beam { guard 1...1000 ~= beam else { throw ValidationError("--beam is 1 to 1000") } }
    guard phrases == nil || beam == nil && hotWord.isEmpty else { throw ValidationError("--phrases has a search of its own: leave --beam and --hot-word out") }
    let search = try openSearch()
    guard ahead.window == nil || phrases == nil && search == .greedy else {
      throw ValidationError("--look-ahead takes the best symbol of each frame: leave --beam, --hot-word and --phrases out")
    }
  }

  private func search() throws -> CTCSearch {
    guard let phrases else { return try openSearch() }
    return .phrases(try PhraseFile.phrases(of: phrases).map { SoughtPhrase($0) })
  }

  /// Where any text may be said.
  private func openSearch() throws -> CTCSearch {
    let words = try hotWord.map { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return HotWord(text) }
      guard let bonus = Double(parts[1]), 0...100 ~= bonus else {
        throw ValidationError("--hot-word \(text): write WORD, or WORD=BONUS with a bonus of 0 to 100")
      }
      return HotWord(String(parts[0]), bonus: bonus)
    }
    return beam == nil && words.isEmpty ? .greedy : .beam(width: beam ?? 16, hotWords: words)
  }

  func run() throws {
    if let microphone { return try listen(to: microphone) }
    var failures = 0
    // The others are still worth reading.
    func tryReading<Result>(_ read: () throws -> Result) throws -> Result? {
      do { return try read() } catch let error as SoundFileError {
        Terminal.complain(error.message)
        failures += 1
        return nil
      }
    }
    let files = try sounds.flatMap { path in try tryReading { try SoundFolder.files(of: path) } ?? [] }
    let count = files.count + failures
    guard tensors == nil || files.count <= 1 else {
      throw CommandFailure("--tensors is for one sound file; \(sounds[0]) has \(files.count)", status: .wrongUse)
    }
    if !files.isEmpty {
      let speech = try recogniser()
      let utterances = try activity.search(for: speech, of: model, unlessGiven: .none)
      for path in files {
        guard let result = try tryReading({ try SoundTranscript(path, by: speech, utterancesBy: utterances) }) else { continue }
        Terminal.show(json ? "\(result.json.text)\n" : "\(path): \(result.text)\n")
      }
    }
    if failures > 0 { throw CommandFailure(count == 1 ? "" : "\(failures) of \(count) sounds could not be read") }
  }

  private func listen(to device: String) throws {
    let speech = try recogniser()
    let utterances = try activity.search(for: speech, of: model, unlessGiven: .energy)
    try LiveTranscript(
      device: device, seconds: seconds, by: speech, utterancesBy: utterances, LiveWriter.Style(isJSON: json, showsPartialResults: partial)
    ).run()
  }

  private func recogniser() throws -> any SpeechRecogniser {
    guard try source.recipe != nil || FileStart.isPackage(model) else {
      throw CommandFailure("\(model): nothing says what it hears and how it writes: give its --recipe (Calibration/README.md), or a package", status: .wrongUse)
    }
    let speech = try SpeechRecognition.recogniser(
      source.packageWithOpenSizes(at: model), named: model, threads: threads, search: search(), window: ahead.window)
    guard let tensors else { return speech }
    guard let speech = speech as? StepwiseSpeechModel<CPUBackend> else {
      throw CommandFailure("--tensors is for models that write token by token: use swiftlet infer", status: .wrongUse)
    }
    try OutputFolder.checkEmpty(tensors)
    try OutputFile.makeFolder(tensors)
    var counts: [String: Int] = [:]
    speech.onTensors = { name, tensor in
      let number = counts[name, default: 0]
      counts[name] = number + 1
      let file = String(name.map { $0 == "/" ? "_" : $0 })
      do { try OutputFile.write(tensor.npyBytes, to: "\(tensors)/\(file).\(number).npy", madeFrom: []) } catch {
        Terminal.complain((error as? CommandFailure)?.message ?? "\(error)")
        Glibc.exit(CommandFailure.Status.failed.rawValue)
      }
    }
    return speech
  }
}
