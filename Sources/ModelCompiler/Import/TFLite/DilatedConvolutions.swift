import TFLite
import Tensors

/// Older converters write a dilated convolution as SPACE_TO_BATCH_ND, a plain one, BATCH_TO_SPACE_ND. The three become one
/// convolution with dilations and explicit padding; what doesn't fit the pattern stays as it is.
enum DilatedConvolutions {
  /// The option under which a fused convolution carries its padding: top, left, bottom, right.
  static let pads = "explicit padding"

  static func fused(in graph: TFLiteSubgraph) -> [TFLiteOperator] {
    var readers = [Int](repeating: 0, count: graph.tensors.count)
    var producers: [Int: Int] = [:]
    for (position, operation) in graph.operators.enumerated() {
      for case let input? in operation.inputs { readers[input] += 1 }
      for output in operation.outputs { producers[output] = position }
    }
    for output in graph.outputs { readers[output] += 1 }
    var operators: [TFLiteOperator?] = graph.operators
    for last in operators.indices where graph.operators[last].name == "BATCH_TO_SPACE_ND" {
      let gather = graph.operators[last]
      guard let inner = gather.inputs.first ?? nil, readers[inner] == 1, let middle = producers[inner], middle < last,
        ["CONV_2D", "DEPTHWISE_CONV_2D"].contains(graph.operators[middle].name), let outer = graph.operators[middle].inputs.first ?? nil,
        readers[outer] == 1, let first = producers[outer], first < middle, graph.operators[first].name == "SPACE_TO_BATCH_ND",
        let merged = merged(graph.operators[first], graph.operators[middle], gather, graph)
      else { continue }
      operators[first] = nil
      operators[middle] = nil
      operators[last] = merged
    }
    return operators.compactMap { $0 }
  }

  private static func merged(_ scatter: TFLiteOperator, _ convolution: TFLiteOperator, _ gather: TFLiteOperator, _ graph: TFLiteSubgraph) -> TFLiteOperator? {
    let isPlain =
      convolution.integer("padding") == 1 && convolution.integer("stride_w") == 1 && convolution.integer("stride_h") == 1
      && convolution.integer("dilation_w_factor", default: 1) == 1 && convolution.integer("dilation_h_factor", default: 1) == 1
    guard isPlain, scatter.inputs.count == 3, gather.inputs.count == 3, let block = numbers(scatter.inputs[1], graph), block.count == 2,
      numbers(gather.inputs[1], graph) == block, let added = numbers(scatter.inputs[2], graph), added.count == 4,
      let cut = numbers(gather.inputs[2], graph), cut.count == 4, block.allSatisfy({ 1...4096 ~= $0 })
    else { return nil }
    // Cropping the result is padding less. Height: begin, end; width: begin, end.
    let padding = zip(added, cut).map { $0 - $1 }
    guard (added + cut).allSatisfy({ 0...65536 ~= $0 }), padding.allSatisfy({ $0 >= 0 }) else { return nil }
    var merged = convolution
    merged.inputs[0] = scatter.inputs[0]
    merged.outputs = gather.outputs
    merged.options["dilation_h_factor"] = .integer(block[0])
    merged.options["dilation_w_factor"] = .integer(block[1])
    merged.options[pads] = .integers([padding[0], padding[2], padding[1], padding[3]])
    return merged
  }

  private static func numbers(_ tensor: Int?, _ graph: TFLiteSubgraph) -> [Int]? {
    guard let tensor, let constant = try? graph.tensors[tensor].constant(), constant.elementType == .int32 else { return nil }
    return constant.integers().map { Int($0) }
  }
}
