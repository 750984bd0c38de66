public import ModelFormat
public import Tensors

/// Declaring what a node computes.
extension Lowering {
  /// Declares that the node being lowered writes `value` in this form, and returns the tensor to write. Where the graph
  /// stores the value in other 8 bits, the conversion follows by itself after the node.
  public mutating func result(_ value: ValueID, layout: Layout, as representation: Representation) -> TensorIndex {
    let type = graph.type(of: value)
    let (elementType, quantisation) = storage(of: type, representation)
    let tensor = addTensor(
      name: graph[value].name, elementType: elementType, dimensions: layout.physical(type.dimensions), quantisation: quantisation)
    bind(value, Binding(layout: layout, representation: representation, tensor: tensor))
    return tensor
  }

  /// Declares that `value` is the same bytes as a tensor that exists, under another shape or layout.
  public mutating func alias(_ value: ValueID, of tensor: TensorIndex, layout: Layout, as representation: Representation) {
    var description = tensors[Int(tensor)]
    description.name = graph[value].name
    description.dimensions = layout.physical(graph.type(of: value).dimensions)
    precondition(description.byteCount == tensors[Int(tensor)].byteCount)
    tensors.append(description)
    bind(value, Binding(layout: layout, representation: representation, tensor: TensorIndex(tensors.count - 1)))
  }

  /// Declares a graph input in the form in which the session receives it.
  public mutating func declareInput(_ value: ValueID, layout: Layout) -> TensorIndex {
    let representation: Representation = graph[value].stored.map { .stored($0) } ?? .plain
    return result(value, layout: layout, as: representation)
  }

  private mutating func bind(_ value: ValueID, _ binding: Binding) {
    guard let target = graph[value].stored, binding.representation != .stored(target) else {
      bindings[value, default: []].append(binding)
      return
    }
    pending.append(PendingConversion(value: value, binding: binding, target: target))
  }

  /// Emits the conversion of a result into the 8 bits that the graph stores it in.
  mutating func convert(_ conversion: PendingConversion) {
    let source = conversion.binding
    let target = addTensor(
      name: graph[conversion.value].name, elementType: conversion.target.elementType, dimensions: tensors[Int(source.tensor)].dimensions,
      quantisation: conversion.target.quantisation)
    emitConversion(from: source, to: target, as: .stored(conversion.target))
    bindings[conversion.value, default: []].append(
      Binding(layout: source.layout, representation: .stored(conversion.target), tensor: target))
  }

  /// Emits quantise, dequantise or a requantising lookup between two tensors of one layout.
  mutating func emitConversion(from source: Binding, to target: TensorIndex, as representation: Representation) {
    switch (source.representation, representation) {
    case (.plain, .stored): emit(.quantise(Conversion(input: source.tensor, output: target)))
    case (.stored, .plain): emit(.dequantise(Conversion(input: source.tensor, output: target)))
    case (.stored(let from), .stored(let to)):
      let table = addTable(from: from, to: to) { $0 }
      emit(.lookup(Lookup(input: source.tensor, table: table, output: target)))
    case (.plain, .plain): preconditionFailure("conversion between equal representations")
    }
  }

  /// Adds the 256-entry table of a unary function between two 8-bit forms: entry `i` is the pattern of
  /// `to.quantised(function(from.dequantised(i)))`, `i` read as a bit pattern of `from`'s type.
  public mutating func addTable(from: StoredQuantisation, to: StoredQuantisation, _ function: (Float) -> Float) -> TensorIndex {
    let entries = (0..<256).map { to.byte(of: function(from.value(ofByte: UInt8($0)))) }
    return addConstant(HostTensor(entries, dimensions: [256]), name: "table")
  }

  func storage(of type: TensorType, _ representation: Representation) -> (ElementType, Quantisation?) {
    switch representation {
    case .plain: (type.elementType, nil)
    case .stored(let stored): (stored.elementType, stored.quantisation)
    }
  }
}

extension Lowering {
  /// The same bytes under other dimensions, for instructions that see a matrix as an image.
  public mutating func addView(of tensor: TensorIndex, dimensions: [Int]) -> TensorIndex {
    var description = tensors[Int(tensor)]
    guard description.dimensions != dimensions else { return tensor }
    precondition(description.dimensions.elementCount == dimensions.elementCount)
    description.dimensions = dimensions
    tensors.append(description)
    return TensorIndex(tensors.count - 1)
  }

  /// The same bytes read as integers of another quantisation, or (nil) as plain numbers.
  public mutating func addView(of tensor: TensorIndex, quantisation: Quantisation?) -> TensorIndex {
    var description = tensors[Int(tensor)]
    description.quantisation = quantisation
    tensors.append(description)
    return TensorIndex(tensors.count - 1)
  }
}
