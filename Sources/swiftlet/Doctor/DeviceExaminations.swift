import Capture
import EdgeAgent
import Glibc
import SoundCapture

extension Examination {
  /// Video devices that the kernel knows, whether this user may open them, and those that the configuration names.
  /// - Parameter isWhole: whether all of the configuration could be read: else it may want more than is known.
  static func cameras(_ configuration: AgentConfiguration?, isWhole: Bool = true, folder: String = "/dev") -> Examination {
    Examination(name: "cameras") {
      var findings: [DoctorFinding] = []
      let wanted = (configuration?.cameras ?? []).compactMap { camera in
        if case .device(let path) = camera.source { (name: camera.name, path: path) } else { nil }
      }
      let known = deviceNodes(in: folder, prefix: "video")
      for path in known {
        do throws(CaptureError) {
          let device = try CameraDevice(path: path)
          findings.append(.ok("\(path): \(device.name) (\(device.driver)), \(device.formats.map { $0.code.description }.joined(separator: " "))"))
        } catch {
          // Cameras have nodes beside those that stream.
          if error.code == .unsupported { continue }
          let isWanted = wanted.contains { $0.path == path }
          findings.append(DoctorFinding(level: isWanted ? .fail : .warn, text: "\(path): \(error.message)", advice: accessAdvice(path, error.code)))
        }
      }
      for camera in wanted where !known.contains(camera.path) {
        // A stable name under /dev/v4l leads to one of the nodes above.
        guard unsafe access(camera.path, F_OK) != 0 else { continue }
        findings.append(
          .fail("camera \(camera.name): \(camera.path) isn't there", "plug it in, load its driver, or correct the configuration (swiftlet camera list)"))
      }
      if findings.isEmpty {
        findings.append(
          configuration == nil || !wanted.isEmpty || !isWhole
            ? .warn("there is no camera", "plug one in, or load its driver (modprobe uvcvideo); the simulated one needs none")
            : .ok("there is no camera, and the configuration needs none"))
      }
      return findings
    }
  }

  /// ALSA, and the microphones that the configuration names.
  static func sound(_ configuration: AgentConfiguration?, isWhole: Bool = true) -> Examination {
    Examination(name: "sound") {
      let wanted = (configuration?.microphones ?? []).contains { if case .device = $0.source { true } else { false } }
      func finding(_ text: String, _ advice: String) -> DoctorFinding {
        wanted ? .fail(text, advice) : isWhole ? .ok("\(text); no microphone is configured") : .warn(text, advice)
      }
      let devices: [CaptureDevice]
      do throws(SoundCaptureError) { devices = try Microphone.devices() } catch { return [finding(error.message, "apt install libasound2")] }
      guard !devices.isEmpty else {
        return [finding("ALSA has no capture device", "plug a microphone in, or load its driver; this user needs the group audio")]
      }
      return devices.map { .ok("\($0.description)") }
    }
  }

  /// Serial ports, which the gate is on.
  static func groups() -> Examination {
    Examination(name: "groups") {
      guard geteuid() != 0 else { return [.ok("this is root; what the service's user may do is another matter: sudo -u swiftlet swiftlet doctor")] }
      return membership(of: ["video", "audio", "dialout"])
    }
  }

  /// What this user may do by these groups. One that the system doesn't have gives nobody a right.
  static func membership(of groups: [String]) -> [DoctorFinding] {
    let unknown = groups.filter { unsafe getgrnam($0) == nil }
    let missing = groups.filter { !unknown.contains($0) && !isMember(of: $0) }
    var findings: [DoctorFinding] = []
    if !unknown.isEmpty {
      findings.append(
        .warn(
          "this system has no group \(unknown.joined(separator: ", "))",
          "device nodes may belong to another (ls -l /dev); make the group (sudo groupadd --system NAME) where udev's rules name it"))
    }
    if !missing.isEmpty {
      findings.append(
        .warn(
          "this user isn't in \(missing.joined(separator: ", "))",
          "cameras, sound and serial ports need them: sudo usermod -aG \(missing.joined(separator: ",")) USER"))
    }
    return findings.isEmpty ? [.ok("this user is in the groups \(groups.joined(separator: ", "))")] : findings
  }

  /// What opens a device to this user, by what was wrong and by the group that the device belongs to.
  private static func accessAdvice(_ path: String, _ code: CaptureError.Code) -> String {
    switch code {
    case .busy: return "end the program that holds it (fuser \(path))"
    case .noPermission: return rightsAdvice(path)
    default: return "look at the driver and the kernel's log (dmesg)"
    }
  }

  /// What gives this user a device that it may not open.
  static func rightsAdvice(_ path: String) -> String {
    var status = stat()
    guard unsafe stat(path, &status) == 0, let group = unsafe getgrgid(status.st_gid) else { return "look at the device's rights (ls -l \(path))" }
    let name = unsafe String(cString: group.pointee.gr_name)
    guard geteuid() != 0, !isMember(of: name) else { return "what runs this program keeps the device from it (a container's or a service's list of devices)" }
    return "add this user to the group that the device belongs to: sudo usermod -aG \(name) USER"
  }

  private static func isMember(of group: String) -> Bool {
    guard let entry = unsafe getgrnam(group) else { return true }
    let wanted = unsafe entry.pointee.gr_gid
    var groups = [gid_t](repeating: 0, count: 512)
    let count = unsafe getgroups(512, &groups)
    return getegid() == wanted || (count > 0 && groups[..<Int(count)].contains(wanted))
  }

  private static func deviceNodes(in folder: String, prefix: String) -> [String] {
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var numbers: [Int] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)) { numbers.append(number) }
    }
    return numbers.sorted().map { "\(folder)/\(prefix)\($0)" }
  }
}
