import Foundation
import TestBroker
import Testing

/// The units in `Packaging/systemd`; `make test-service` runs the agent's.
@Suite struct ServiceUnitTests {
  /// A unit as it would be installed, with the program that was built.
  private func unit(_ name: String) throws -> String {
    try String(contentsOf: Programs.packageRoot.appendingPathComponent("Packaging/systemd/\(name).service"), encoding: .utf8)
      .replacingOccurrences(of: "/usr/local/bin/", with: "\(Programs.folder.path)/").replacingOccurrences(of: "/usr/bin/", with: "\(Programs.folder.path)/")
  }

  private func value(_ name: String, in unit: String) -> String? {
    unit.replacingOccurrences(of: "\\\n", with: " ").split(separator: "\n").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// What all lines of a setting say together, word by word.
  private func words(_ name: String, in unit: String) -> [String] {
    unit.split(separator: "\n").filter { $0.hasPrefix("\(name)=") }.flatMap { $0.dropFirst(name.count + 1).split(separator: " ").map(String.init) }
  }

  @Test func `the agent may ask whether the clock is synchronised`() throws {
    let unit = try unit("swiftletd")
    #expect(Set(["adjtimex", "clock_adjtime", "clock_adjtime64"]).isSubset(of: words("SystemCallFilter", in: unit)))
    #expect(words("ProtectClock", in: unit).isEmpty)
  }

  @Test(arguments: ["video4linux": "81", "alsa": "116", "ttyUSB": "188", "ttyACM": "166"])
  func `what is plugged in after the start is let through, also where its driver came with it`(name: String, number: String) throws {
    let unit = try unit("swiftletd")
    #expect(unit.contains("\nDeviceAllow=char-\(name) rw\n") && unit.contains("\nDeviceAllow=char-\(number) rw\n"))
  }

  @Test func `what ended because nothing was left to do stays ended, and nothing else does`() throws {
    let unit = try unit("swiftletd")
    #expect(value("Restart", in: unit) == "always")
    #expect(value("RestartPreventExitStatus", in: unit) == "3" && value("SuccessExitStatus", in: unit) == "3")
  }

  @Test func `under a service manager an end for want of work has a status of its own, and one by a signal has not`() throws {
    let scene = try Scene()
    scene.pipeline = "{camera: top, model: fixed, frames: 2}"
    func daemon(_ environment: [String: String]) throws -> RunningProgram {
      try RunningProgram("swiftletd", ["--config", try scene.write()], environment: environment)
    }
    let managed = ["NOTIFY_SOCKET": scene.folder.path + "/nobody"]
    let finished = try daemon(managed)
    #expect(finished.waitForEnd() == 3, "\(finished.errorText)")
    let alone = try daemon([:])
    #expect(alone.waitForEnd() == 0, "\(alone.errorText)")
    scene.pipeline = "{camera: top, model: fixed}"
    let stopped = try daemon(managed)
    #expect(stopped.waitForError("camera top: "), "\(stopped.errorText)")
    stopped.signal(SIGTERM)
    #expect(stopped.waitForEnd() == 0, "\(stopped.errorText)")
  }

  @Test func `all threads of the daemon allocate from one heap`() throws {
    let scene = try Scene()
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("camera top: "), "\(daemon.errorText)")
    let maps = try String(contentsOfFile: "/proc/\(daemon.process.processIdentifier)/maps", encoding: .utf8)
    let mappings = maps.split(separator: "\n").map { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      let bounds = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      return (begin: bounds[0], end: bounds[1], access: fields[1], name: fields.count > 5 ? fields[5] : "")
    }
    #expect(mappings.contains { $0.name == "[heap]" })
    // glibc reserves 64 MiB for each other heap, and opens it from the front.
    let reserved: UInt64 = 64 << 20
    let others = zip(mappings, mappings.dropFirst()).filter { heap, rest in
      heap.access == "rw-p" && heap.name.isEmpty && heap.begin % reserved == 0
        && rest.access == "---p" && rest.begin == heap.end && rest.end == heap.begin + reserved
    }
    #expect(others.isEmpty, "\(others.count) more")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  private static let analyzer = "/usr/bin/systemd-analyze"

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: analyzer), "no systemd is installed"), arguments: ["swiftlet-keeper", "swiftletd"])
  func `systemd finds nothing wrong with the units, and little that they leave open`(name: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-unit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let installed = folder.appendingPathComponent("\(name).service")
    try Data(unit(name).utf8).write(to: installed)
    // 1.1 and 2.0 of 10 by systemd 252; others look at more.
    for arguments in [["verify", "--man=no"], ["security", "--offline=true", "--threshold=20"]] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Self.analyzer)
      process.arguments = arguments + [installed.path]
      let output = Pipe()
      (process.standardOutput, process.standardError) = (output, output)
      try process.run()
      let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(said)")
    }
  }

  @Test(.enabled(if: RealBroker.isAvailable)) func `what the unit starts keeps a release`() throws {
    let broker = try RealBroker()
    let fleet = try Fleet(broker)
    try fleet.publish()
    let (state, credentials) = (fleet.folder.appendingPathComponent("swiftlet-keeper"), fleet.folder.appendingPathComponent("credentials"))
    for folder in [state, credentials] { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    let keys = fleet.folder.appendingPathComponent("keys").path
    for (name, source) in [("root.json", fleet.root), ("timestamp.pem", "\(keys)/timestamp-1.pem"), ("halt.pem", "\(keys)/halt-1.pem")] {
      try FileManager.default.copyItem(atPath: source, toPath: credentials.appendingPathComponent(name).path)
    }
    for (name, secret) in [("passphrase", "gloves on\n"), ("broker-password", "any\n")] {
      try Data(secret.utf8).write(to: credentials.appendingPathComponent(name))
    }
    let unit = try unit("swiftlet-keeper")
    let (before, start) = (try #require(value("ExecStartPre", in: unit)), try #require(value("ExecStart", in: unit)))
    let script = "\(before) && exec \(start)"
      .replacingOccurrences(of: "%d", with: credentials.path).replacingOccurrences(of: "%S/swiftlet-keeper", with: state.path)
    let keeper = try RunningProgram(
      "/bin/sh", ["-c", script],
      environment: [
        "STATE_DIRECTORY": state.path, "CREDENTIALS_DIRECTORY": credentials.path, "KEEPER_BROKER": broker.url,
        "KEEPER_OPTIONS": "--username keeper --halt-above 10% --least 5",
      ])
    #expect(keeper.waitForOutput("timestamp", "is on the broker") != nil, "\(keeper.errorText)")
    keeper.signal(SIGTERM)
    #expect(keeper.waitForEnd() == 0, "\(keeper.errorText)")
  }
}
