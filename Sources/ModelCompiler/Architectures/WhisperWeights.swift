/// The tensors of a Whisper model, by what they do. Queries bring the scale of their scores, the inverse root of a head's size.
struct WhisperWeights {
  /// Of a normalisation, scale and shift.
  struct Layer {
    var weight: NamedTensor
    var bias: NamedTensor
  }

  struct Attention {
    var query: Layer
    /// Has no bias: it would change no share.
    var key: NamedTensor
    var value: Layer
    var output: Layer
  }

  struct EncoderLayer {
    var attentionNorm: Layer
    var attention: Attention
    var forwardNorm: Layer
    var first: Layer
    var second: Layer
  }

  struct DecoderLayer {
    var own: EncoderLayer
    var hearingNorm: Layer
    /// Over what the encoder made.
    var hearing: Attention
  }

  var stem: [Layer] = []
  var encoderPositions: NamedTensor
  var encoder: [EncoderLayer] = []
  var encoderNorm: Layer
  var embedding: NamedTensor
  var decoderPositions: NamedTensor
  var decoder: [DecoderLayer] = []
  var decoderNorm: Layer

  init(_ folder: borrowing PretrainedFolder, _ sizes: WhisperConfiguration) throws(CompilerError) {
    let width = sizes.width
    let (ears, mouth) = ("model.encoder", "model.decoder")
    stem = [
      try Self.layer(folder, "\(ears).conv1", [width, sizes.bands, 3]), try Self.layer(folder, "\(ears).conv2", [width, width, 3]),
    ]
    encoderPositions = try folder.tensor("\(ears).embed_positions.weight", [sizes.positions, width])
    for index in 0..<sizes.encoderLayers {
      encoder.append(try Self.block(folder, "\(ears).layers.\(index)", width, sizes.encoderInnerWidth, heads: sizes.encoderHeads))
    }
    encoderNorm = try Self.layer(folder, "\(ears).layer_norm", [width])
    embedding = try folder.tensor("\(mouth).embed_tokens.weight", [sizes.vocabularySize, width])
    decoderPositions = try folder.tensor("\(mouth).embed_positions.weight", [sizes.capacity, width])
    for index in 0..<sizes.decoderLayers {
      let name = "\(mouth).layers.\(index)"
      decoder.append(
        DecoderLayer(
          own: try Self.block(folder, name, width, sizes.decoderInnerWidth, heads: sizes.decoderHeads),
          hearingNorm: try Self.layer(folder, "\(name).encoder_attn_layer_norm", [width]),
          hearing: try Self.attention(folder, "\(name).encoder_attn", width, heads: sizes.decoderHeads)))
    }
    decoderNorm = try Self.layer(folder, "\(mouth).layer_norm", [width])
  }

  private static func block(
    _ folder: borrowing PretrainedFolder, _ name: String, _ width: Int, _ inner: Int, heads: Int
  ) throws(CompilerError) -> EncoderLayer {
    EncoderLayer(
      attentionNorm: try layer(folder, "\(name).self_attn_layer_norm", [width]), attention: try attention(folder, "\(name).self_attn", width, heads: heads),
      forwardNorm: try layer(folder, "\(name).final_layer_norm", [width]), first: try layer(folder, "\(name).fc1", [inner, width]),
      second: try layer(folder, "\(name).fc2", [width, inner]))
  }

  private static func layer(_ folder: borrowing PretrainedFolder, _ name: String, _ dimensions: [Int]) throws(CompilerError) -> Layer {
    Layer(weight: try folder.tensor("\(name).weight", dimensions), bias: try folder.tensor("\(name).bias", [dimensions[0]]))
  }

  private static func attention(_ folder: borrowing PretrainedFolder, _ name: String, _ width: Int, heads: Int) throws(CompilerError) -> Attention {
    let scale = 1 / (Float(width) / Float(heads)).squareRoot()
    let query = try layer(folder, "\(name).q_proj", [width, width])
    return Attention(
      query: Layer(weight: query.weight.scaled(by: scale), bias: query.bias.scaled(by: scale)),
      key: try folder.tensor("\(name).k_proj.weight", [width, width]), value: try layer(folder, "\(name).v_proj", [width, width]),
      output: try layer(folder, "\(name).out_proj", [width, width]))
  }
}
