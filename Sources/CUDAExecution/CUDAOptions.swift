/// How a `CUDABackend` runs.
public struct CUDAOptions: Sendable, Equatable {
  /// Which device, from 0.
  public var device: Int
  /// How convolutions of bytes are multiplied; by default as the device does it best.
  public var multiplication: Multiplication?
  /// How long a run, or a step of loading, may take before the device counts as lost.
  public var deadline: Duration
  /// The driver to load instead of the system's, for tests. It is code that runs with this process's rights: never take it from the
  /// environment, a configuration or a package.
  public var driverPath: String?
  /// The compiled kernels to load instead of those built in, for tests.
  public var image: [UInt8]?
  /// Bytes of the device that are allocated at a time; 1 gives each constant an allocation of its own, so that an emulated device sees what is
  /// written behind its end.
  var regionByteCount = CUDAMemory.regionByteCount

  public enum Multiplication: Sendable, Equatable, CaseIterable {
    /// Four products of bytes at a time, which every supported device has.
    case dotProducts
    /// Matrix instructions of 16 × 16 sums of 16 products, from compute capability 7.2 on.
    case matrices16x16x16
    /// Matrix instructions of 8 × 8 sums of 16 products, from compute capability 7.5 on.
    case matrices8x8x16
    /// Matrix instructions of 16 × 8 sums of 32 products, from compute capability 8.0 on.
    case matrices16x8x32
  }

  public init(device: Int = 0, multiplication: Multiplication? = nil, deadline: Duration = .seconds(20), driverPath: String? = nil, image: [UInt8]? = nil) {
    self.device = device
    self.multiplication = multiplication
    self.deadline = deadline
    self.driverPath = driverPath
    self.image = image
  }
}
