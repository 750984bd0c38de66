import ModelGraph
import Tensors

/// What a scatter does where an update meets an element.
enum ScatterReduction: String, Sendable {
  case none, add, mul, min, max

  init(_ description: OperatorDescription) throws(OperatorError) {
    let name = try description.string("reduction", default: "none")
    guard let reduction = ScatterReduction(rawValue: name) else { throw OperatorError(.invalid, "attribute 'reduction' is '\(name)'") }
    self = reduction
  }

  /// The data with the updates applied in order; `targets` holds for each element of the updates its offset in the data. Whole numbers
  /// wrap around; of truth values, sums and maxima are "or", products and minima "and".
  func applied(_ updates: HostTensor, at targets: [Int], to data: HostTensor) throws(OperatorError) -> HostTensor {
    guard updates.elementType == data.elementType else {
      throw OperatorError(.invalid, "updates are \(updates.elementType.name), data \(data.elementType.name)")
    }
    if self == .none { return replaced(updates, at: targets, in: data) }
    switch data.elementType {
    case .float32: return real(data.values(as: Float.self), updates.values(as: Float.self), targets, data)
    case .float64: return real(data.values(as: Double.self), updates.values(as: Double.self), targets, data)
    case .float16: return real(data.floats(), updates.floats(), targets, data).converted(to: .float16)
    case .int8: return whole(data.values(as: Int8.self), updates.values(as: Int8.self), targets, data)
    case .int16: return whole(data.values(as: Int16.self), updates.values(as: Int16.self), targets, data)
    case .int32: return whole(data.values(as: Int32.self), updates.values(as: Int32.self), targets, data)
    case .int64: return whole(data.values(as: Int64.self), updates.values(as: Int64.self), targets, data)
    case .uint8: return whole(data.bytes, updates.bytes, targets, data)
    case .uint16: return whole(data.values(as: UInt16.self), updates.values(as: UInt16.self), targets, data)
    case .uint32: return whole(data.values(as: UInt32.self), updates.values(as: UInt32.self), targets, data)
    case .uint64: return whole(data.values(as: UInt64.self), updates.values(as: UInt64.self), targets, data)
    case .bool:
      // One at a time, so that no count of true ones wraps around.
      var values = data.bytes
      for (update, target) in zip(updates.bytes, targets) {
        values[target] = self == .add || self == .max ? values[target] | update : values[target] & update
      }
      return HostTensor(elementType: .bool, dimensions: data.dimensions, bytes: values)
    }
  }

  private func replaced(_ updates: HostTensor, at targets: [Int], in data: HostTensor) -> HostTensor {
    let size = data.elementType.byteCount
    var bytes = data.bytes
    for (source, target) in targets.enumerated() {
      for byte in 0..<size { bytes[target * size + byte] = updates.bytes[source * size + byte] }
    }
    return HostTensor(elementType: data.elementType, dimensions: data.dimensions, bytes: bytes)
  }

  private func real<Scalar: TensorScalar & FloatingPoint>(_ data: [Scalar], _ updates: [Scalar], _ targets: [Int], _ tensor: HostTensor) -> HostTensor {
    var values = data
    for (update, target) in zip(updates, targets) {
      let old = values[target]
      switch self {
      case .none: values[target] = update
      case .add: values[target] = old + update
      case .mul: values[target] = old * update
      case .min: values[target] = old.isNaN || update.isNaN ? .nan : Swift.min(old, update)
      case .max: values[target] = old.isNaN || update.isNaN ? .nan : Swift.max(old, update)
      }
    }
    return HostTensor(values, dimensions: tensor.dimensions)
  }

  private func whole<Scalar: TensorScalar & FixedWidthInteger>(
    _ data: [Scalar], _ updates: [Scalar], _ targets: [Int], _ tensor: HostTensor
  ) -> HostTensor {
    var values = data
    for (update, target) in zip(updates, targets) {
      let old = values[target]
      switch self {
      case .none: values[target] = update
      case .add: values[target] = old &+ update
      case .mul: values[target] = old &* update
      case .min: values[target] = Swift.min(old, update)
      case .max: values[target] = Swift.max(old, update)
      }
    }
    return HostTensor(values, dimensions: tensor.dimensions)
  }
}
