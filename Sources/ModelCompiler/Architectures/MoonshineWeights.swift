/// The tensors of a Moonshine model, by what they do. Queries bring the scale of their scores, the inverse root of a head's size.
struct MoonshineWeights {
  struct Layer {
    var weight: NamedTensor
    var bias: NamedTensor?
  }

  struct Attention {
    var query: NamedTensor
    var key: NamedTensor
    var value: NamedTensor
    var output: NamedTensor
  }

  struct EncoderLayer {
    var attentionNorm: NamedTensor
    var attention: Attention
    var forwardNorm: NamedTensor
    var first: Layer
    var second: Layer
  }

  struct DecoderLayer {
    var attentionNorm: NamedTensor
    var attention: Attention
    var hearingNorm: NamedTensor
    /// Over what the encoder made.
    var hearing: Attention
    var forwardNorm: NamedTensor
    /// What is let through, and behind it the gate.
    var first: Layer
    var second: Layer
  }

  var stem: [Layer] = []
  var stemNorm: Layer
  var encoder: [EncoderLayer] = []
  var encoderNorm: NamedTensor
  var embedding: NamedTensor
  var decoder: [DecoderLayer] = []
  var decoderNorm: NamedTensor
  /// The embedding itself, where the model ties them.
  var scores: NamedTensor

  init(_ folder: borrowing PretrainedFolder, _ sizes: MoonshineConfiguration) throws(CompilerError) {
    let (width, inner) = (sizes.width, sizes.innerWidth)
    let (ears, mouth) = ("model.encoder", "model.decoder")
    stem = [Layer(weight: try folder.tensor("\(ears).conv1.weight", [width, 1, 127]))]
    stem.append(try Self.layer(folder, "\(ears).conv2", [2 * width, width, 7]))
    stem.append(try Self.layer(folder, "\(ears).conv3", [width, 2 * width, 3]))
    stemNorm = try Self.layer(folder, "\(ears).groupnorm", [width])
    for index in 0..<sizes.encoderLayers {
      let name = "\(ears).layers.\(index)"
      encoder.append(
        EncoderLayer(
          attentionNorm: try folder.tensor("\(name).input_layernorm.weight", [width]),
          attention: try Self.attention(folder, "\(name).self_attn", width, heads: sizes.encoderHeads),
          forwardNorm: try folder.tensor("\(name).post_attention_layernorm.weight", [width]),
          first: try Self.layer(folder, "\(name).mlp.fc1", [inner, width]), second: try Self.layer(folder, "\(name).mlp.fc2", [width, inner])))
    }
    encoderNorm = try folder.tensor("\(ears).layer_norm.weight", [width])
    embedding = try folder.tensor("\(mouth).embed_tokens.weight", [sizes.vocabularySize, width])
    for index in 0..<sizes.decoderLayers {
      let name = "\(mouth).layers.\(index)"
      decoder.append(
        DecoderLayer(
          attentionNorm: try folder.tensor("\(name).input_layernorm.weight", [width]),
          attention: try Self.attention(folder, "\(name).self_attn", width, heads: sizes.decoderHeads),
          hearingNorm: try folder.tensor("\(name).post_attention_layernorm.weight", [width]),
          hearing: try Self.attention(folder, "\(name).encoder_attn", width, heads: sizes.decoderHeads),
          forwardNorm: try folder.tensor("\(name).final_layernorm.weight", [width]),
          first: try Self.layer(folder, "\(name).mlp.fc1", [2 * inner, width]), second: try Self.layer(folder, "\(name).mlp.fc2", [width, inner])))
    }
    decoderNorm = try folder.tensor("\(mouth).norm.weight", [width])
    scores = sizes.tiesScores ? embedding : try folder.tensor("proj_out.weight", [sizes.vocabularySize, width])
  }

  private static func layer(_ folder: borrowing PretrainedFolder, _ name: String, _ dimensions: [Int]) throws(CompilerError) -> Layer {
    Layer(weight: try folder.tensor("\(name).weight", dimensions), bias: try folder.tensor("\(name).bias", [dimensions[0]]))
  }

  private static func attention(_ folder: borrowing PretrainedFolder, _ name: String, _ width: Int, heads: Int) throws(CompilerError) -> Attention {
    Attention(
      query: try folder.tensor("\(name).q_proj.weight", [width, width]).scaled(by: 1 / (Float(width) / Float(heads)).squareRoot()),
      key: try folder.tensor("\(name).k_proj.weight", [width, width]), value: try folder.tensor("\(name).v_proj.weight", [width, width]),
      output: try folder.tensor("\(name).o_proj.weight", [width, width]))
  }
}
