/// What finds the utterances of a sound, and when they are over.
public struct UtteranceSearch {
  public let detector: any VoiceActivityDetector
  public let rules: EndpointRules

  /// - Parameters:
  ///   - name: what messages call the detector.
  ///   - speech: what the utterances are for.
  ///   - model: what messages call that.
  ///   - pause: the silence after which an utterance is over; nil for the rules' own.
  /// - Throws: where detector and recogniser don't go together.
  public init(
    _ detector: any VoiceActivityDetector, named name: String, for speech: any SpeechRecogniser, named model: String, pause: Duration? = nil
  ) throws(TranscriptionError) {
    guard detector.sampleRate == speech.sampleRate else {
      throw TranscriptionError(
        .unsuitableDetector, "\(name) hears \(detector.sampleRate) samples a second, \(model) \(speech.sampleRate): both must hear the same")
    }
    var rules = EndpointRules()
    rules.longest = min(rules.longest, .seconds(speech.greatestLength) / speech.sampleRate)
    if let pause { rules.silence = pause }
    guard rules.fit(detector) else {
      throw TranscriptionError(
        .unsuitableDetector, "\(name) hears \(detector.chunkLength) samples at a time, too many for the \(rules.longest) that \(model) takes at once")
    }
    (self.detector, self.rules) = (detector, rules)
  }

  /// Speech as what stands above the room's noise.
  /// - Throws: where the recogniser takes too few samples a second for that.
  public static func byEnergy(for speech: any SpeechRecogniser, named model: String, pause: Duration? = nil) throws(TranscriptionError) -> UtteranceSearch {
    guard speech.sampleRate >= 8000 else {
      throw TranscriptionError(
        .unsuitableDetector,
        "\(model) hears \(speech.sampleRate) samples a second, too few to find speech by energy: let a model find it, or take voice activity 'none'")
    }
    return try UtteranceSearch(EnergyVoiceActivityDetector(sampleRate: speech.sampleRate), named: "energy", for: speech, named: model, pause: pause)
  }

  public func cutter() -> UtteranceCutter { UtteranceCutter(detector, rules: rules) }
}
