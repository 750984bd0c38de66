import JSONReading

/// The sizes of a Moonshine model (N. Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024).
struct MoonshineConfiguration {
  let width: Int
  let innerWidth: Int
  let vocabularySize: Int
  let encoderLayers: Int
  let decoderLayers: Int
  let encoderHeads: Int
  let decoderHeads: Int
  /// Most tokens of a piece.
  let capacity: Int
  let rotaryBase: Double
  let rotaryShare: Double
  let startToken: Int
  let endTokens: [Int]
  /// Whether the scores are made by the embedding.
  let tiesScores: Bool

  init(_ json: PretrainedConfiguration) throws(CompilerError) {
    width = try json.number("hidden_size", in: 8...4096)
    innerWidth = try json.number("intermediate_size", in: 1...65536)
    vocabularySize = try json.number("vocab_size", in: 2...1 << 20)
    encoderLayers = try json.number("encoder_num_hidden_layers", in: 1...128)
    decoderLayers = try json.number("decoder_num_hidden_layers", in: 1...128)
    encoderHeads = try json.number("encoder_num_attention_heads", in: 1...256)
    decoderHeads = try json.number("decoder_num_attention_heads", in: 1...256)
    capacity = min(try json.number("max_position_embeddings", in: 8...1 << 20, default: 512), 448)
    // Newer files have the rotary parameters in an object of their own.
    let rotary = json.has("rope_parameters") ? try json.part("rope_parameters") : json
    rotaryBase = try rotary.real("rope_theta", default: try json.real("rope_theta", default: 10000))
    rotaryShare = try rotary.real("partial_rotary_factor", default: try json.real("partial_rotary_factor", default: 0.9))
    startToken = try json.number("decoder_start_token_id", in: 0...vocabularySize - 1, default: 1)
    endTokens = try json.numbers("eos_token_id", in: 0...vocabularySize - 1, default: [2])
    tiesScores = try json.flag("tie_word_embeddings", default: true)
    for heads in [encoderHeads, decoderHeads] {
      guard width % heads == 0, width / heads % 2 == 0, rotaryShare <= 1, rotaryShare(heads: heads) >= 1 else {
        throw CompilerError(.invalid, "\(json.origin): \(heads) heads and a rotary share of \(rotaryShare) don't fit 'hidden_size' \(width)")
      }
    }
    try Self.refuseOthers(json)
  }

  /// Elements of a head that turn.
  func rotaryShare(heads: Int) -> Int { Int(Double(width / heads) * rotaryShare) }

  /// What the architecture could have and no published model has.
  private static func refuseOthers(_ json: PretrainedConfiguration) throws(CompilerError) {
    for part in ["encoder", "decoder"] {
      let heads = try json.number("\(part)_num_attention_heads", in: 1...256)
      guard try json.number("\(part)_num_key_value_heads", in: 1...256, default: heads) == heads else {
        throw CompilerError(.unsupported, "\(json.origin): '\(part)_num_key_value_heads' differs from the attention heads, which isn't done yet")
      }
    }
    for (key, known) in [("encoder_hidden_act", "gelu"), ("decoder_hidden_act", "silu")] {
      let activation = try json.text(key) ?? known
      guard activation == known else {
        throw CompilerError(.unsupported, "\(json.origin): '\(key)' is \(activation.inOneLine(limit: 40)); only \(known) is supported")
      }
    }
    for part in ["rope_parameters", "rope_scaling"] {
      // Older files call the type `type`.
      for key in ["rope_type", "type"] {
        let scaling = try json.part(part).text(key) ?? "default"
        guard scaling == "default" else {
          throw CompilerError(.unsupported, "\(json.origin): '\(part).\(key)' is \(scaling.inOneLine(limit: 40)); only default is supported")
        }
      }
    }
    guard try !json.flag("attention_bias", default: false) else {
      throw CompilerError(.unsupported, "\(json.origin): 'attention_bias' is true, which isn't done yet")
    }
  }
}
