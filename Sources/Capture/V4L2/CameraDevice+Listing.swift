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
      case EACCES: throw CaptureError(.noPermission, "\(path) may not be opened; add this user to the group ‘video’")
      case EPERM: throw CaptureError(.noPermission, Self.isWithheld(path))
      case ENOTTY, EINVAL: throw CaptureError(.unsupported, "\(path) is no camera that streams; see ‘swiftlet camera list’")
      default: throw CaptureError(.inputOutput, "\(path) can't be opened (\(systemMessage(error.number)))")
      }
    }
  }

  /// For `EPERM`, which isn't of the file's mode: what lists the devices of a service or a container leaves this one out.
  static func isWithheld(_ path: String) -> String {
    "\(path) is kept from this process; let it through: in a service by ‘DeviceAllow=\(path) rw’, in a container by its own list of devices"
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
