import YAMLReading

/// The pipelines that spoken commands name. They can stand anywhere in the file, so they are looked for once all are read and have their gates.
extension ReadPipelines {
  func checkSpokenActions(_ context: ConfigurationContext) {
    for placed in actions {
      guard let target = placed.action.pipeline else { continue }
      if let mistake = mistake(placed, target) { placed.value.report("\(placed.value.path): \(mistake)") }
    }
    checkWaysBack(context)
  }

  /// What is wrong with an action; nil where nothing is.
  private func mistake(_ placed: PlacedAction, _ target: String) -> String? {
    let hearer = placed.hearer
    guard hearing.contains(target) || maps[target] != nil else { return unknown(target, for: placed) }
    switch placed.action {
    case .event: return nil
    case .snapshot:
      guard !hearing.contains(target) else { return "\(target) hears and has no pictures; \(Self.known(seeing, "name a pipeline with a camera"))" }
      guard let paused = pausedBeside(placed, target) else { return nil }
      return "the same command pauses \(paused), and then no frame comes for a picture; let a command of its own do one of the two"
    case .pause:
      guard target != hearer else { return "\(hearer) would hear nothing any more, and so no command that resumes it; leave that to the fleet's orders" }
      if let gate = gate(of: target) { return "the gate \(gate) acts by what \(target) sees, and a misheard word must not stop that; remove it" }
      guard !resumers.contains(target) else { return "\(target) listens for what resumes others; paused, it would hear none of it: remove it" }
      let isResumed = actions.contains { $0.command == placed.command && $0.resumes == target }
      return isResumed ? "the same command resumes \(target); remove one of the two" : nil
    case .resume:
      guard target != hearer else { return "while \(hearer) is paused it hears no command, so it can't resume itself; remove it" }
      return gate(of: target).map { "the gate \($0) acts by what \(target) sees, so no command ever pauses it; remove it" }
    }
  }

  /// Each pause needs a command that takes it back; a mistake elsewhere may be why there is none.
  private func checkWaysBack(_ context: ConfigurationContext) {
    guard actions.first?.value.mistakes.isEmpty == true else { return }
    let (paused, resumed) = (Set(actions.compactMap(\.pauses)), Set(actions.compactMap(\.resumes)))
    for placed in actions {
      if let target = placed.pauses, !resumed.contains(target) {
        placed.value.report("\(placed.value.path): no command resumes \(target); add {resume: \(target)} to one, or leave pausing it to the fleet's orders")
      }
      if let target = placed.resumes, !paused.contains(target) {
        context.conclude(placed.value, "\(placed.value.path): no command pauses \(target), so there is nothing to take back")
      }
    }
  }

  private var seeing: [String] { names.filter { maps[$0] != nil } }
  private var resumers: Set<String> { Set(actions.filter { $0.resumes != nil }.map(\.hearer)) }

  private func gate(of target: String) -> String? { vision.first { $0.name == target }?.gate }

  /// The pipeline that the same command pauses, so that this one gets no frames.
  private func pausedBeside(_ placed: PlacedAction, _ target: String) -> String? {
    let leader = vision.first { $0.name == target }?.after
    return actions.first { $0.command == placed.command && $0.pauses.map { $0 == target || $0 == leader } ?? false }?.pauses
  }

  private func unknown(_ target: String, for placed: PlacedAction) -> String {
    var others = names.filter { $0 != placed.hearer }
    if case .snapshot = placed.action { others = seeing }
    let hint = nearestName(to: target, among: others).map { "did you mean \"\($0)\"?" } ?? Self.known(others, "known")
    return "there is no pipeline \"\(target)\"; \(hint)"
  }

  private static func known(_ names: [String], _ words: String) -> String {
    names.isEmpty ? "there is none that it could name; remove it" : "\(words): \(names.joined(separator: ", "))"
  }
}

extension PlacedAction {
  fileprivate var pauses: String? { if case .pause(let name) = action { name } else { nil } }
  fileprivate var resumes: String? { if case .resume(let name) = action { name } else { nil } }
}
