import Hearing
public import Inference

/// A CTC model that hears sound of any length in overlapping windows, and writes of each the symbols that have enough sound on both sides.
///
/// A window holds `context` before what it writes, and `lookAhead` behind; the sound's own beginning and end take their place there. The model's
/// own zeros at a window's edges reach the symbols that are written only from as far as that, which is where the text may differ from that of the whole
/// sound; and features are normalised over what came before, as much as the model takes at once. The best symbol of each frame is taken, over
/// the edges of windows as within them. Sound that is shorter than the first window is heard as a whole.
public final class WindowedSpeechModel<Engine: Backend & ~Copyable>: StreamingSpeechRecogniser {
  private let model: SpeechModel<Engine>
  private var features: FeatureStream
  private var decoder: CTCGreedyDecoder
  private var values: [Float] = []
  /// In frames of features.
  private let context, lookAhead, step: Int
  /// Frames of features to one of symbols.
  private let stride: Int
  private let frame: Duration

  private var origin = Duration.zero
  /// Frames of symbols that were decoded.
  private var done = 0
  /// Known frames of features with which the next window comes.
  private var due: Int
  /// Of the word that is being spelt.
  private var symbols: [CTCSymbol] = []
  private var probabilities: [Float] = []
  public private(set) var words: [TimedWord] = []

  public var sampleRate: Int { model.sampleRate }
  /// Of what comes at once it takes any length; this is what it normalises over.
  public var greatestLength: Int { model.greatestLength }

  /// - Parameter name: what messages call the model.
  /// - Throws: where the model doesn't take windows of that length, or can't be heard in windows at all.
  init(_ model: SpeechModel<Engine>, _ window: HearingWindow, named name: String) throws(TranscriptionError) {
    self.model = model
    do throws(HearingError) { features = try FeatureStream(model.input, horizon: model.frameBounds.upperBound) } catch {
      throw TranscriptionError(.unsuitableWindow, "\(name): \(error.message)")
    }
    decoder = model.decoder
    let (bounds, hop) = (model.frameBounds, Duration.seconds(model.input.hop) / model.input.sampleRate)
    let stride = max(1, Int((Double(bounds.upperBound) / Double(max(1, model.greatestOutputLength))).rounded()))
    func frames(_ duration: Duration) -> Int { max(1, Int((duration / hop / Double(stride)).rounded(.up))) * stride }
    (context, lookAhead, step) = (frames(window.context), frames(window.lookAhead), frames(window.step))
    // With what mirroring and whole frames of symbols add at the end.
    let longest = context + step + lookAhead + stride + model.input.window / model.input.hop + 1
    guard HearingWindow.lookAheads ~= window.lookAhead, step + lookAhead >= bounds.lowerBound, longest <= bounds.upperBound else {
      let range = "\(HearingWindow.lookAheads.lowerBound) to \(HearingWindow.lookAheads.upperBound)"
      throw TranscriptionError(
        .unsuitableWindow,
        "\(name): a look-ahead of \(window.lookAhead) needs windows of \(step + lookAhead) to \(longest) frames, "
          + "and the model takes \(bounds.lowerBound) to \(bounds.upperBound) at once: ask for another, \(range)")
    }
    self.stride = stride
    frame = hop * stride
    due = step + lookAhead
    guard model.greatestOutputLength == symbolFrames(bounds.upperBound) else {
      throw TranscriptionError(
        .unsuitableWindow, "\(name): makes \(model.greatestOutputLength) frames of symbols of \(bounds.upperBound): it can't be heard in windows")
    }
  }

  public var heardUntil: Duration { origin + frame * done }

  public var unfinishedWord: Range<Duration>? {
    let isLetter = { [decoder] (symbol: CTCSymbol) in decoder.alphabet[symbol.index] != " " }
    guard let first = symbols.first(where: isLetter), let last = symbols.last(where: isLetter) else { return nil }
    return origin + frame * first.frame..<origin + frame * (last.frame + 1)
  }

  public func begin(at origin: Duration) {
    self.origin = origin
    features.reset()
    decoder.reset()
    (done, due) = (0, step + lookAhead)
    symbols.removeAll(keepingCapacity: true)
    probabilities.removeAll(keepingCapacity: true)
    words.removeAll(keepingCapacity: true)
  }

  public func add(_ samples: ArraySlice<Float>) throws(TranscriptionError) {
    var rest = samples
    // No more than a frame at once, so that a window is the same however much comes.
    while !rest.isEmpty {
      features.add(rest.prefix(model.input.hop))
      rest = rest.dropFirst(model.input.hop)
      while features.frameCount >= due {
        try hear(until: symbolFrames(due - lookAhead))
        due += step
      }
    }
  }

  public func end() throws(TranscriptionError) {
    guard features.sampleCount > 0 else { return }
    let least = features.sampleCount(frameCount: model.frameBounds.lowerBound)
    if features.sampleCount < least { features.add([Float](repeating: 0, count: least - features.sampleCount)[...]) }
    features.end()
    try hear(until: symbolFrames(features.frameCount))
    finishWord()
  }

  public func finishWord() {
    words += takeWord(symbols.count)
  }

  public func takeWords() -> [TimedWord] {
    defer { words = [] }
    return words
  }

  private func symbolFrames(_ frames: Int) -> Int { (frames + stride - 1) / stride }

  /// Writes the frames of symbols before `end` that weren't written, by a window over the newest features.
  private func hear(until end: Int) throws(TranscriptionError) {
    guard end > done else { return }
    let known = features.frameCount
    // As long as the others where there is enough, so that the program needn't be bound anew; never less than the context.
    let wanted = min(done * stride - context, known - context - step - lookAhead)
    let first = max(0, wanted >= 0 ? wanted / stride * stride : 0)
    features.newest(known - first, into: &values)
    let scores = try model.scores(of: values, frames: known - first)
    let (perFrame, skipped) = (decoder.symbolsPerFrame, done - first / stride)
    guard scores.count == symbolFrames(known - first) * perFrame else {
      throw TranscriptionError(.unusableProgram, "the model made \(scores.count / perFrame) frames of symbols of \(known - first)")
    }
    let new = Array(scores[skipped * perFrame..<(end - first / stride) * perFrame])
    unsafe new.withUnsafeBufferPointer { unsafe decoder.add($0) }
    let found = decoder.takeSymbols()
    let placed = found.map { CTCSymbol(index: $0.index, frame: $0.frame - done) }
    probabilities += CTCConfidence.probabilities(of: placed, in: new, symbolsPerFrame: perFrame, blank: model.blank)
    symbols += found
    done = end
    if let space = symbols.lastIndex(where: { decoder.alphabet[$0.index].hasPrefix(" ") }) { words += takeWord(space) }
  }

  /// The words of the first symbols, which are forgotten.
  private func takeWord(_ count: Int) -> [TimedWord] {
    defer {
      symbols.removeFirst(count)
      probabilities.removeFirst(count)
    }
    return TimedWord.words(
      of: Array(symbols[..<count]), probabilities: Array(probabilities[..<count]), alphabet: decoder.alphabet, from: origin, frame: frame)
  }
}
