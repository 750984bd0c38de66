import Glibc

extension CameraDevice {
  /// All devices that can capture, in the order of their numbers. Those that this user may not open, or that vanish meanwhile,
  /// are left out.
  public static func all() -> [CameraDevice] {
    devicePaths(in: "/dev").compactMap { try? CameraDevice(path: $0) }
  }

  /// What the device at `path` is and offers.
  public init(path: String) throws(CaptureError) {
    do throws(SystemFailure) {
      let device = try KernelVideoDevice(path: path)
      defer { device.close() }
      let identity = try device.identity()
      guard identity.captures && identity.streams else { throw SystemFailure(number: ENOTTY) }
      self.init(
        path: path, name: identity.card, driver: identity.driver, bus: identity.bus, formats: device.formats(), controls: device.controls())
    } catch {
      switch error.number {
      case ENOENT, ENODEV, ENXIO: throw CaptureError(.notFound, "\(path) isn't there; see ‘swiftlet camera list’")
      case EACCES, EPERM: throw CaptureError(.noPermission, "\(path) may not be opened; add this user to the group ‘video’")
      case ENOTTY, EINVAL: throw CaptureError(.unsupported, "\(path) is no camera that streams; see ‘swiftlet camera list’")
      default: throw CaptureError(.inputOutput, "\(path) can't be opened (\(systemMessage(error.number)))")
      }
    }
  }

  private static func devicePaths(in folder: String) -> [String] {
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var numbers: [Int] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name.hasPrefix("video"), let number = Int(name.dropFirst(5)) { numbers.append(number) }
    }
    return numbers.sorted().map { "\(folder)/video\($0)" }
  }
}
