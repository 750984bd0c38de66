import ModelManifest
import TextTokens

/// The sizes of a Whisper model, and what it may write (A. Radford et al., "Robust speech recognition via large-scale weak supervision", 2022).
struct WhisperConfiguration {
  let width: Int
  let encoderInnerWidth: Int
  let decoderInnerWidth: Int
  let vocabularySize: Int
  let encoderLayers: Int
  let decoderLayers: Int
  let encoderHeads: Int
  let decoderHeads: Int
  let bands: Int
  /// Frames of the encoder that positions are known for; two frames of the spectrogram each.
  let positions: Int
  /// Most tokens of a piece.
  let capacity: Int
  let startToken: Int
  let endTokens: [Int]
  let rules: TokenRules

  /// - Parameter language: as the model abbreviates it; nil where none is given.
  init(_ json: PretrainedConfiguration, _ generation: PretrainedConfiguration, _ vocabulary: Vocabulary, language: String?) throws(CompilerError) {
    width = try json.number("d_model", in: 8...4096)
    encoderInnerWidth = try json.number("encoder_ffn_dim", in: 1...65536)
    decoderInnerWidth = try json.number("decoder_ffn_dim", in: 1...65536)
    vocabularySize = try json.number("vocab_size", in: 2...1 << 20)
    encoderLayers = try json.number("encoder_layers", in: 1...128)
    decoderLayers = try json.number("decoder_layers", in: 1...128)
    encoderHeads = try json.number("encoder_attention_heads", in: 1...256)
    decoderHeads = try json.number("decoder_attention_heads", in: 1...256)
    bands = try json.number("num_mel_bins", in: 1...512, default: 80)
    positions = try json.number("max_source_positions", in: 8...1 << 16, default: 1500)
    capacity = try json.number("max_target_positions", in: 8...4096, default: 448)
    let tokens = 0...vocabularySize - 1
    startToken = try Self.token("decoder_start_token_id", generation, json, tokens)
    endTokens = try (generation.has("eos_token_id") ? generation : json).numbers("eos_token_id", in: tokens, default: [])
    for heads in [encoderHeads, decoderHeads] where width % heads != 0 {
      throw CompilerError(.invalid, "\(json.origin): \(heads) heads don't divide 'd_model' \(width)")
    }
    let activation = try json.text("activation_function") ?? "gelu"
    guard activation == "gelu" else {
      throw CompilerError(.unsupported, "\(json.origin): 'activation_function' is \(activation.inOneLine(limit: 40)); only gelu is supported")
    }
    guard try !json.flag("scale_embedding", default: false) else {
      throw CompilerError(.unsupported, "\(json.origin): 'scale_embedding' is true, which isn't done yet")
    }
    guard try json.flag("tie_word_embeddings", default: true) else {
      throw CompilerError(.unsupported, "\(json.origin): 'tie_word_embeddings' is false, which isn't done yet")
    }
    let withoutTimes = try Self.tokenWithoutTimes(generation, vocabulary, vocabularySize: vocabularySize)
    rules = try Self.rules(generation, withoutTimes, vocabularySize: vocabularySize, language: language)
    guard !endTokens.isEmpty else { throw CompilerError(.invalid, "\(json.origin): has no 'eos_token_id'") }
    guard Set(rules.suppressed).isDisjoint(with: endTokens), startToken < withoutTimes else {
      throw CompilerError(
        .invalid, "\(generation.origin): 'eos_token_id' \(endTokens) is suppressed, or the tokens of times (from \(withoutTimes) on) aren't the last ones")
    }
    guard rules.prompt.count + 8 <= capacity else {
      throw CompilerError(.invalid, "\(json.origin): 'max_target_positions' \(capacity) leaves no room behind the prompt")
    }
  }

  private static func token(
    _ key: String, _ generation: PretrainedConfiguration, _ json: PretrainedConfiguration, _ range: ClosedRange<Int>
  ) throws(CompilerError) -> Int {
    try generation.has(key) ? generation.number(key, in: range) : json.number(key, in: range)
  }

  private static func tokenWithoutTimes(
    _ generation: PretrainedConfiguration, _ vocabulary: Vocabulary, vocabularySize: Int
  ) throws(CompilerError) -> Int {
    let key = "no_timestamps_token_id"
    if generation.has(key) { return try generation.number(key, in: 1...vocabularySize - 1) }
    guard let token = vocabulary.pieces.firstIndex(of: "<|notimestamps|>"), token > 0 else {
      throw CompilerError(
        .invalid, "\(generation.origin): has no '\(key)', nor tokenizer.json a token <|notimestamps|>: is generation_config.json beside it?")
    }
    return token
  }

  private static func rules(
    _ generation: PretrainedConfiguration, _ withoutTimes: Int, vocabularySize: Int, language: String?
  ) throws(CompilerError) -> TokenRules {
    let tokens = 0...vocabularySize - 1
    var languages = try generation.numbersByName("lang_to_id", in: tokens)
    let knowsSeveral = try generation.flag("is_multilingual", default: !languages.isEmpty)
    if !knowsSeveral { languages = [:] }
    guard !knowsSeveral || !languages.isEmpty else {
      throw CompilerError(.invalid, "\(generation.origin): the model knows several languages, but there is no 'lang_to_id'")
    }
    let tasks = try generation.numbersByName("task_to_id", in: tokens)
    var prompt: [Int] = []
    if languages.isEmpty {
      guard language == nil else {
        throw CompilerError(.invalid, "\(generation.origin): the model knows one language, leave --language out")
      }
    } else {
      let names = languages.keys.map { String($0.dropFirst(2).dropLast(2)) }.sorted()
      guard let language, let token = languages["<|\(language)|>"] else {
        let wanted = language.map { "but no '\($0.inOneLine(limit: 20))': --language is one of " } ?? "say which with --language: "
        throw CompilerError(.invalid, "the model knows several languages, \(wanted)\(names.joined(separator: ", ").inOneLine(limit: 600))")
      }
      guard let transcribe = tasks["transcribe"] else { throw CompilerError(.invalid, "\(generation.origin): 'task_to_id' has no 'transcribe'") }
      prompt = [token, transcribe]
    }
    // Times lie behind the token that says that there are none: without their rules they would be written as text.
    let suppressed = try generation.numbers("suppress_tokens", in: -1...vocabularySize - 1, default: []).filter { $0 >= 0 }
    guard suppressed.count < vocabularySize else { throw CompilerError(.invalid, "\(generation.origin): 'suppress_tokens' leaves no token") }
    let first = try generation.numbers("begin_suppress_tokens", in: tokens, default: [])
    return TokenRules(
      prompt: prompt + [withoutTimes], suppressed: Set(suppressed + Array(withoutTimes..<vocabularySize)).sorted(), suppressedFirst: first,
      // The token before means that nobody speaks; limits of the model's authors.
      silence: SilenceRule(token: withoutTimes - 1, probability: 0.6, logProbability: -1))
  }
}
