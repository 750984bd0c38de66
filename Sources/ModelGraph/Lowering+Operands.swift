public import ModelFormat
import Tensors

/// Asking for what a node reads.
extension Lowering {
  /// The layout in which the value was produced; identity for constants.
  public func layout(of value: ValueID) -> Layout {
    bindings[value]?.last?.layout ?? .identity(rank: graph.type(of: value).dimensions.count)
  }

  /// The form in which the value was produced; `.plain` for constants.
  public func representation(of value: ValueID) -> Representation {
    bindings[value]?.last?.representation ?? .plain
  }

  /// The 8-bit form in which the value was produced; nil where it is plain or a constant.
  public func stored(of value: ValueID) -> StoredQuantisation? {
    if case .stored(let stored) = representation(of: value) { stored } else { nil }
  }

  public func isConstant(_ value: ValueID) -> Bool { graph[value].constant != nil }

  /// The value's logical dimensions.
  public func dimensions(of value: ValueID) -> [Int] { graph.type(of: value).dimensions }

  /// A tensor with the value in this layout and representation, converted and moved if need be; shared among those who ask
  /// for the same. Constants are converted here, not at run time.
  public mutating func operand(_ value: ValueID, layout: Layout, as representation: Representation) -> TensorIndex {
    if let constant = graph[value].constant, bindings[value] == nil {
      return constantOperand(value, constant, layout: layout, as: representation)
    }
    let known = bindings[value] ?? []
    precondition(!known.isEmpty, "value \(graph[value].name) is read before it is written")
    let dimensions = dimensions(of: value)
    if let match = known.first(where: { $0.representation == representation && $0.layout.coincides(with: layout, for: dimensions) }) {
      return view(of: match, value, layout: layout)
    }
    // Convert first where the layout is at hand or bytes shrink; else move first.
    var source = known.first { $0.representation == representation } ?? known.last!
    if source.representation != representation {
      let (elementType, quantisation) = storage(of: graph.type(of: value), representation)
      let converted = addTensor(
        name: graph[value].name, elementType: elementType, dimensions: tensors[Int(source.tensor)].dimensions, quantisation: quantisation)
      emitConversion(from: source, to: converted, as: representation)
      source = Binding(layout: source.layout, representation: representation, tensor: converted)
      remember(value, source)
    }
    if source.layout.coincides(with: layout, for: dimensions) { return view(of: source, value, layout: layout) }
    let moved = addTensor(
      name: graph[value].name, elementType: tensors[Int(source.tensor)].elementType, dimensions: layout.physical(dimensions),
      quantisation: tensors[Int(source.tensor)].quantisation)
    emitMove(dimensions, from: source.tensor, source.layout.strides(of: dimensions), to: moved, layout.strides(of: dimensions))
    remember(value, Binding(layout: layout, representation: representation, tensor: moved))
    return moved
  }

  /// Emits a copy of a box of logical extents between two tensors, given strides for each logical axis and offsets in
  /// elements. Axes of one element are dropped; more than eight others are not possible in ONNX models that fit a device.
  public mutating func emitMove(
    _ extents: [Int], from input: TensorIndex, _ inputStrides: [Int], offset inputOffset: Int = 0, to output: TensorIndex, _ outputStrides: [Int],
    offset outputOffset: Int = 0
  ) {
    guard extents.elementCount > 0 else { return }
    var axes = extents.indices.filter { extents[$0] != 1 }
    // Outermost first in the output's order, so that writes run forward.
    axes.sort { (outputStrides[$0], inputStrides[$0]) > (outputStrides[$1], inputStrides[$1]) }
    emit(
      .copy(
        StridedCopy(
          input: input, output: output, extents: axes.isEmpty ? [1] : axes.map { Int32(extents[$0]) }, inputOffset: Int64(inputOffset),
          inputStrides: axes.isEmpty ? [1] : axes.map { Int64(inputStrides[$0]) }, outputOffset: Int64(outputOffset),
          outputStrides: axes.isEmpty ? [1] : axes.map { Int64(outputStrides[$0]) })))
  }

  /// Keeps a converted form for later readers, behind the form in which the value was produced.
  private mutating func remember(_ value: ValueID, _ binding: Binding) {
    bindings[value, default: []].insert(binding, at: 0)
  }

  /// The binding's tensor, under the asked layout's dimensions where only axes of one element differ.
  private mutating func view(of binding: Binding, _ value: ValueID, layout: Layout) -> TensorIndex {
    guard binding.layout != layout else { return binding.tensor }
    var description = tensors[Int(binding.tensor)]
    description.dimensions = layout.physical(dimensions(of: value))
    tensors.append(description)
    return TensorIndex(tensors.count - 1)
  }

  private mutating func constantOperand(_ value: ValueID, _ constant: HostTensor, layout: Layout, as representation: Representation) -> TensorIndex {
    let laidOut = constant.transposed(layout.order)
    switch representation {
    case .plain: return addConstant(laidOut, name: graph[value].name)
    case .stored(let stored):
      return addConstant(laidOut.quantised(as: stored), name: graph[value].name, quantisation: stored.quantisation)
    }
  }
}
