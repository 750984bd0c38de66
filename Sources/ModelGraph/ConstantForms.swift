import Synchronization
public import Tensors

/// What lowering made of constants, for compilations of one model at several sizes: rounding the same weights anew takes longer than all the rest.
/// Keeps the constants and their forms as long as it lives.
public final class ConstantForms: Sendable {
  private struct Entry {
    var source: HostTensor
    var forms: [HostTensor]
  }

  private let entries = Mutex<[String: [Entry]]>([:])

  public init() {}

  /// The forms of a constant that `make` gives, or gave before for equal elements under the same name; nil where it gives none.
  public func forms(of source: HostTensor, as name: String, make: () -> [HostTensor]?) -> [HostTensor]? {
    // Told apart by their sizes; constants of one size are compared.
    let key = "\(name) \(source.elementType.name) \(source.dimensions)"
    if let known = entries.withLock({ $0[key]?.first { $0.source.bytes == source.bytes }?.forms }) { return known }
    guard let made = make() else { return nil }
    entries.withLock { $0[key, default: []].append(Entry(source: source, forms: made)) }
    return made
  }
}
