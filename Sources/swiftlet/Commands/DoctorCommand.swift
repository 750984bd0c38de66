import ArgumentParser
import EdgeAgent
import Glibc

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at the device as support would: drivers, permissions, clock, disk, processor, CUDA, broker.",
    discussion: """
      Each line says ok, warn or fail, and what to do. It changes nothing that stays, and each part has a time limit. Run it as the \
      user that the agent runs as. Exit status 1 where something failed. Without --config the service's configuration is looked at, \
      where there is one.

      Examples:
        swiftlet doctor
        sudo -u swiftlet swiftlet doctor --json
      """)

  @Option(help: ArgumentHelp("A configuration: its cameras, gates, storage, broker and page are looked at, too.", valueName: "file"))
  var config: String?

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    var findings: [(name: String, finding: DoctorFinding)] = []
    func note(_ name: String, _ found: [DoctorFinding]) {
      let new = found.map { (name: name, finding: $0) }
      findings += new
      // At once: the next part may take its time.
      if !json { Terminal.show(new.text(width: 13)) }
    }
    var reading: ConfigurationReading?
    if let path = config ?? Self.serviceConfiguration {
      // Models may lie on a disk that hangs.
      switch Examination.result(of: { AgentConfiguration.read(path: path, opensModels: true) }, within: .seconds(60)) {
      case .success(let found):
        note("configuration", Self.findings(of: found, path))
        reading = found
      case .failure(let missing):
        note(
          "configuration",
          [missing.finding(late: .fail("\(path) and its models can't be read within 60 s", "look at the disk and the kernel's log (dmesg)"))])
      }
    }
    for examination in Self.examinations(of: reading) { note(examination.name, examination.findings()) }
    if json { Terminal.show("\(findings.json.text)\n") }
    if findings.worst == .fail { throw CommandFailure("") }
  }

  /// - Parameter reading: of a configuration, where there is one. Nobody guesses where an agent keeps its things.
  private static func examinations(of reading: ConfigurationReading?) -> [Examination] {
    let configuration = reading?.storage == nil ? nil : reading?.draft
    let isWhole = reading.map { $0.mistakes.isEmpty } ?? true
    var examinations = [
      Examination.processor(), .cuda(configuration), .strain(), .clock(configuration), .groups(), .cameras(configuration, isWhole: isWhole),
      .sound(configuration, isWhole: isWhole),
    ]
    if let storage = reading == nil ? StorageSettings() : reading?.storage { examinations.append(.disk(storage)) }
    examinations += [Examination.gates(configuration), Examination.page(configuration)].compactMap(\.self)
    if let storage = reading?.storage { examinations.append(.agent(storage)) }
    if let configuration, let mqtt = configuration.mqtt {
      examinations += Examination.broker(mqtt, clientIdentifier: configuration.clientIdentifier)
    }
    return examinations
  }

  /// That of the service, where it is installed and this user may read it.
  private static var serviceConfiguration: String? { unsafe access(Daemon.defaultConfigurationPath, R_OK) == 0 ? Daemon.defaultConfigurationPath : nil }

  private static func findings(of reading: ConfigurationReading, _ path: String) -> [DoctorFinding] {
    var mistakes = reading.mistakes.map { DoctorFinding.fail($0.description, "correct the configuration") }
    if reading.storage == nil {
      mistakes.append(.warn("so neither its storage, cameras and gates nor its broker and page are looked at", "correct it, and run the doctor again"))
    } else if reading.draft == nil {
      mistakes.append(.warn("so nothing of it but its storage is looked at", "correct it, and run the doctor again"))
    } else if !mistakes.isEmpty {
      mistakes.append(.warn("what has a mistake there isn't looked at; all else is", "correct it, and run the doctor again"))
    }
    let warnings = reading.warnings.map { DoctorFinding.warn($0.description, "see whether it is meant so") }
    return mistakes + warnings + (mistakes.isEmpty ? [.ok("\(path) can be run")] : [])
  }
}
