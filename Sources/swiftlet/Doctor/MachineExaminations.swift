import CPUExecution
import EdgeAgent
import Glibc
import JSONReading
import ModelManifest
import Pipelines

extension Examination {
  static func clock(_ configuration: AgentConfiguration?) -> Examination {
    Examination(name: "clock") {
      guard ClockStatus.current() == .unsynchronised else { return [.ok("synchronised")] }
      let advice = "start a time service (systemd-timesyncd, chrony) and let it reach its servers"
      return [.warn("no time service keeps the clock: times of results can't be believed, and limits of age don't apply", advice)]
    }
  }

  /// The storage folder: whether it can be written, how much room it has, and whether what is written is kept.
  static func disk(_ storage: StorageSettings) -> Examination {
    Examination(name: "disk", limit: .seconds(20)) {
      if let obstacle = storage.writingObstacle {
        // The service's folder, looked at by somebody else: no fault of the device.
        if geteuid() != 0, let owner = otherOwner(of: storage.path) {
          return [.warn("\(obstacle); the folder belongs to \(owner)", "run the doctor as that user: sudo -u \(owner) swiftlet doctor")]
        }
        return [.fail(obstacle, "make the folder and give it to the user that the agent runs as, or run the doctor as that user")]
      }
      var folder = storage.path
      while folder != ".", unsafe access(folder, F_OK) != 0 {
        // The one above, which it will be made in.
        let slash = folder.lastIndex(of: "/")
        folder = slash.map { $0 == folder.startIndex ? "/" : String(folder[..<$0]) } ?? "."
      }
      var facts = statvfs()
      guard unsafe statvfs(folder, &facts) == 0 else {
        return [.fail("\(folder) can't be looked at: \(unsafe String(cString: strerror(errno)))", "look at the disk")]
      }
      let (free, inodes) = (byteCount(blocks: UInt64(facts.f_bavail), of: UInt64(facts.f_frsize)), Int(clamping: facts.f_favail))
      var findings: [DoctorFinding] = []
      let room = "\(folder): \(megabytes(free)) free"
      if free < 16_000_000 || (inodes < 64 && facts.f_files > 0) {
        findings.append(.fail(room, "make room: results can't be kept"))
      } else if free < storage.outboxByteCount {
        findings.append(.warn(room, "the outbox may take \(megabytes(storage.outboxByteCount)) (storage.outbox): make room, or give it less"))
      } else {
        findings.append(.ok(room))
      }
      return findings + [commit(in: folder)]
    }
  }

  /// Whose folder it is, where it isn't this user's.
  private static func otherOwner(of folder: String) -> String? {
    var status = stat()
    guard unsafe stat(folder, &status) == 0, status.st_uid != geteuid(), let user = unsafe getpwuid(status.st_uid) else { return nil }
    return unsafe String(cString: user.pointee.pw_name)
  }

  /// Writes a file, waits until the disk has it, and takes it away again.
  private static func commit(in folder: String) -> DoctorFinding {
    let path = "\(folder)/.swiftlet-doctor-\(getpid())"
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return .fail("\(folder) can't be written: \(unsafe String(cString: strerror(errno)))", "look at its rights and its disk") }
    defer {
      close(descriptor)
      _ = unsafe unlink(path)
    }
    let bytes = [UInt8](repeating: 0x55, count: 4096)
    let begin = MonotonicClock.now()
    guard unsafe write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      return .fail("\(folder) doesn't keep what is written: \(unsafe String(cString: strerror(errno)))", "look at the disk and the kernel's log (dmesg)")
    }
    let time = begin.duration(to: MonotonicClock.now()) / .milliseconds(1)
    let text = "a commit takes \(DemoTable.decimal(time, 1)) ms"
    return time < 1000 ? .ok(text) : .warn(text, "the disk is very slow; give the agent a longer storage.commit interval, or another disk")
  }

  static func processor() -> Examination {
    Examination(name: "processor") {
      let best = CPUInstructionSet.best
      let text = "\(processorCount()) processors, kernels for \(best.name)"
      return [
        best == .scalar
          ? .warn(text, "models run several times slower than with AVX2 (x86) or NEON (ARM); see whether the virtual machine hides them") : .ok(text)
      ]
    }
  }

  /// Whether there is a driver, and what would run the models of pipelines that may use it: they are loaded, and measured under `auto`.
  static func cuda(_ configuration: AgentConfiguration? = nil, library: String = "libcuda.so.1") -> Examination {
    Examination(name: "cuda", limit: .seconds(60)) {
      let handle = unsafe dlopen(library, RTLD_LAZY | RTLD_LOCAL)
      if let handle = unsafe handle { unsafe dlclose(handle) }
      let isThere = unsafe handle != nil
      let driver = isThere ? "\(library) is there; pipelines with backend: cuda or auto may use it" : "no driver (\(library)); models run on the processor"
      let pipelines = configuration?.pipelines.filter { $0.backend != .cpu } ?? []
      guard !pipelines.isEmpty else { return [.ok(driver)] }
      // Who runs as the service has its rights, and the device.
      let status = (configuration?.storage).flatMap(runningAgent)
      return [.ok(driver)] + pipelines.compactMap { pipeline in status.flatMap { backend(of: pipeline.name, in: $0) } ?? backend(of: pipeline) }
    }
  }

  /// Nil where the package can't be opened, of which others complain.
  private static func backend(of pipeline: PipelineSettings) -> DoctorFinding? {
    guard let path = pipeline.model.path, let package = try? ModelPackage(contentsOf: path),
      let choice = try? BackendChoice.onThisMachine(for: package, pipeline)
    else { return nil }
    return backend(choice, of: pipeline.name)
  }

  /// What a running agent says of a pipeline; nil where it says nothing.
  static func backend(of pipeline: String, in status: JSONValue) -> DoctorFinding? {
    guard case .object(let members) = status, case .array(let pipelines)? = members["pipelines"] else { return nil }
    for case .object(let fields) in pipelines where fields["name"] == .string(pipeline) {
      guard case .object(let backend)? = fields["backend"], case .string(let engine)? = backend["runs_on"], case .string(let reason)? = backend["reason"]
      else { return nil }
      let place = engine == BackendChoice.Engine.cuda.rawValue ? "the CUDA device" : "the processor"
      let text = "pipeline \(pipeline) runs on \(place), as the running agent says: "
      guard case .string(let trouble)? = backend["trouble"] else { return .ok(text + reason) }
      return .warn(text + trouble, Self.remedy)
    }
    return nil
  }

  private static let remedy = "mend what is wrong with the device, or write backend: cpu"

  static func backend(_ choice: BackendChoice, of pipeline: String) -> DoctorFinding {
    let place = choice.engine == .cuda ? "the CUDA device" : "the processor"
    let text =
      "pipeline \(pipeline) (backend \(choice.wanted.rawValue)) would run on \(place): \(choice.reason); tried with the rights of this user (id \(geteuid())), "
      + "not with the service's"
    return choice.isSecondBest ? .warn(text, remedy) : .ok(text)
  }

  /// Heat, memory and what there is too little of.
  static func strain(_ sensors: MachineSensors = MachineSensors()) -> Examination {
    Examination(name: "strain") {
      let reading = sensors.read()
      var findings = reading.temperatures.map { zone -> DoctorFinding in
        let text = "\(zone.zone) is at \(DemoTable.decimal(zone.celsius, 1)) °C"
        guard let critical = zone.critical, critical >= 50, zone.celsius >= critical - 10 else { return .ok(text) }
        return .warn("\(text); the machine switches itself off at \(DemoTable.decimal(critical, 0)) °C", "cool it: dust, fan, mounting, sun")
      }
      if let available = reading.availableMemory, let total = reading.totalMemory {
        let text = "\(megabytes(available)) of \(megabytes(total)) memory are left"
        findings.append(available < 100_000_000 ? .warn(text, "end other programs, or use a smaller model") : .ok(text))
      }
      if let pressure = reading.memoryPressure, pressure.some >= 5 {
        findings.append(
          .warn("programs waited for memory \(DemoTable.decimal(pressure.some, 1)) % of the last minute", "end other programs, or use a smaller model"))
      }
      return findings
    }
  }

  static func agent(_ storage: StorageSettings) -> Examination {
    Examination(name: "agent") {
      do throws(EdgeAgentError) {
        _ = try storage.askRunningAgent()
        return [.ok("it runs; see swiftlet status")]
      } catch  where error.code == .notRunning {
        return [
          .warn("no agent runs on \(storage.path)", "start it: sudo systemctl enable --now swiftletd, or swiftlet run --config FILE; it may be starting, too")
        ]
      } catch { return [.warn(error.message, "it may still be starting, ask again; else: systemctl status swiftletd; journalctl -u swiftletd")] }
    }
  }

  /// File systems say what they like.
  static func byteCount(blocks: UInt64, of size: UInt64) -> Int {
    let (bytes, overflows) = blocks.multipliedReportingOverflow(by: size)
    return overflows ? .max : Int(clamping: bytes)
  }

  static func megabytes(_ bytes: Int) -> String { bytes >= 10_000_000_000 ? "\(bytes / 1_000_000_000) GB" : "\(bytes / 1_000_000) MB" }
}
