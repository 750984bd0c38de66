import Capture
import LocalPage
import Pipelines
import SoundCapture

/// An agent's state as Prometheus reads it; docs/operating.md lists the families.
struct AgentMetrics {
  private let status: AgentStatus
  private let configuration: AgentConfiguration

  init(_ status: AgentStatus, _ configuration: AgentConfiguration) {
    self.status = status
    self.configuration = configuration
  }

  var text: [UInt8] {
    var text = MetricsText()
    writeAgent(&text)
    writeCameras(&text)
    writePipelines(&text)
    writeDecisions(&text)
    writeSpeech(&text)
    writeDelivery(&text)
    writeMachine(&text)
    return text.bytes
  }

  private func writeAgent(_ text: inout MetricsText) {
    text.begin("swiftlet_info", .gauge, "The agent's version and who it is; always 1.")
    text.sample([("version", agentVersion), ("site", configuration.device.site), ("device", configuration.device.identifier)], 1)
    text.begin("swiftlet_uptime_seconds", .gauge, "Since the running configuration began.")
    text.sample(status.uptime / .seconds(1))
    text.begin("swiftlet_clock_synchronised", .gauge, "1 while the kernel's clock is kept by a time service.")
    text.sample(ClockStatus.current() == .synchronised ? 1 : 0)
  }

  private func writeCameras(_ text: inout MetricsText) {
    text.begin("swiftlet_camera_up", .gauge, "1 while the camera gives frames.")
    for camera in status.cameras { text.sample([("camera", camera.name)], camera.state.word == "streaming" ? 1 : 0) }
    text.begin("swiftlet_camera_frames_total", .counter, "Frames that the camera delivered.")
    for camera in status.cameras { text.sample([("camera", camera.name)], camera.counters.delivered) }
    text.begin("swiftlet_camera_lost_frames_total", .counter, "Frames that the camera lost, or that were unusable, by reason.")
    for camera in status.cameras {
      for (reason, count) in camera.counters.losses { text.sample([("camera", camera.name), ("reason", reason)], count) }
    }
    text.begin("swiftlet_camera_resumptions_total", .counter, "How often the camera came back after it was lost.")
    for camera in status.cameras { text.sample([("camera", camera.name)], camera.counters.resumptions) }
  }

  private func writePipelines(_ text: inout MetricsText) {
    func each(_ write: ([MetricsText.Label], AgentStatus.Pipeline) -> Void) {
      for pipeline in status.pipelines { write([("pipeline", pipeline.description.name)], pipeline) }
    }
    text.begin("swiftlet_pipeline_running", .gauge, "1 while the pipeline has frames to process and isn't paused.")
    each { text.sample($0, status.state(of: $1) == "running" ? 1 : 0) }
    text.begin("swiftlet_model_info", .gauge, "The model that a pipeline runs; always 1.")
    each { text.sample($0 + [("model", $1.description.modelName), ("version", $1.description.modelVersion)], 1) }
    for speech in status.speech {
      let labels = [("pipeline", speech.description.name), ("model", speech.description.modelName), ("version", speech.description.modelVersion)]
      text.sample(labels, 1)
    }
    text.begin("swiftlet_pipeline_frames_per_second", .gauge, "Processed frames a second, over the last seconds.")
    each { text.sample($0, $1.frameRate) }
    text.begin("swiftlet_pipeline_on_device", .gauge, "Whether a device runs the model, not the processor.")
    each { text.sample($0, $1.backend.engine == .cuda ? 1 : 0) }
    text.begin("swiftlet_pipeline_device_trouble", .gauge, "Whether a device was to run the model, and can't.")
    each { text.sample($0, $1.backend.isSecondBest ? 1 : 0) }
    text.begin("swiftlet_pipeline_frames_prepared_aside_total", .counter, "Frames that the processor prepared, though a device runs the model.")
    each { text.sample($0, $1.statistics.preparedAside) }
    text.begin("swiftlet_pipeline_frames_total", .counter, "Frames that went through the model.")
    each { text.sample($0, $1.statistics.processed) }
    text.begin("swiftlet_pipeline_frames_with_detections_total", .counter, "Of these, frames in which something was found.")
    each { text.sample($0, $1.statistics.withDetections) }
    text.begin("swiftlet_pipeline_dropped_frames_total", .counter, "Frames that came and gave no result, by reason.")
    each { labels, pipeline in for (reason, count) in pipeline.statistics.drops { text.sample(labels + [("reason", reason)], count) } }
    text.begin("swiftlet_pipeline_left_out_frames_total", .counter, "Frames left out on purpose, by reason.")
    each { labels, pipeline in
      text.sample(labels + [("reason", "paused")], pipeline.statistics.passedOver)
      text.sample(labels + [("reason", "strained")], pipeline.statistics.spared)
    }
    text.begin("swiftlet_pipeline_batched_frames_total", .counter, "Frames that could run together with other pipelines' frames.")
    each { text.sample($0, $1.statistics.batched) }
    text.begin("swiftlet_pipeline_batch_frames_total", .counter, "All frames of the runs in which these were; by their number, the mean batch.")
    each { text.sample($0, $1.statistics.batchedFrames) }
    text.begin("swiftlet_pipeline_stage_duration_seconds", .histogram, "How long frames spent in each stage; total is from capture to result.")
    each { labels, pipeline in
      for (stage, buckets) in zip(PipelineStage.allCases, pipeline.statistics.buckets) {
        text.histogram(labels + [("stage", stage.rawValue)], bounds: DurationBuckets.bounds, counts: buckets.counts, sum: buckets.sum / .seconds(1))
      }
    }
  }

  private func writeDecisions(_ text: inout MetricsText) {
    func each(_ write: ([MetricsText.Label], PipelineStatistics.Snapshot) -> Void) {
      for pipeline in status.pipelines { write([("pipeline", pipeline.description.name)], pipeline.statistics) }
    }
    text.begin("swiftlet_pipeline_reused_frames_total", .counter, "Of the processed, frames of an unchanged scene.")
    each { text.sample($0, $1.reused) }
    text.begin("swiftlet_pipeline_unneeded_frames_total", .counter, "Frames in which the pipeline before found nothing to look at.")
    each { text.sample($0, $1.unneeded) }
    text.begin("swiftlet_pipeline_left_out_crops_total", .counter, "Parts of frames that were to be looked at and weren't.")
    each { text.sample($0, $1.leftOut) }
    text.begin("swiftlet_rule_events_total", .counter, "Begins of rules.")
    each { labels, statistics in if let decided = statistics.decided { text.sample(labels, decided.begun) } }
    text.begin("swiftlet_parts_total", .counter, "Parts, by verdict.")
    each { labels, statistics in
      guard let decided = statistics.decided else { return }
      for (verdict, count) in [("pass", decided.passed), ("reject", decided.rejected), ("unjudged", decided.unjudged)] {
        text.sample(labels + [("verdict", verdict)], count)
      }
    }
    text.begin("swiftlet_unowned_detections_total", .counter, "Detections that a rejecting rule means and that were on no part.")
    each { labels, statistics in if let decided = statistics.decided { text.sample(labels, decided.unowned) } }
    text.begin("swiftlet_gate_armed", .gauge, "1 while the gate's controller carries out orders.")
    for gate in status.gates { text.sample([("gate", gate.name), ("pipeline", gate.pipeline)], gate.link == .armed ? 1 : 0) }
    text.begin("swiftlet_gate_orders_total", .counter, "Orders given, by what they were to do.")
    for gate in status.gates {
      text.sample([("gate", gate.name), ("order", "pass")], gate.passes)
      text.sample([("gate", gate.name), ("order", "reject")], gate.rejects)
    }
    text.begin("swiftlet_gate_failures_total", .counter, "Orders that ended otherwise than was ordered, and verdicts without an order.")
    for gate in status.gates {
      text.sample([("gate", gate.name), ("reason", "failed")], gate.failed)
      text.sample([("gate", gate.name), ("reason", "unplaced")], gate.unplaced)
    }
  }

  private func writeSpeech(_ text: inout MetricsText) {
    func each(_ write: ([MetricsText.Label], AgentStatus.Speech) -> Void) {
      for speech in status.speech { write([("pipeline", speech.description.name), ("microphone", speech.description.microphone)], speech) }
    }
    text.begin("swiftlet_microphone_up", .gauge, "1 while the microphone gives sound.")
    each { text.sample($0, $1.state.word == "listening" ? 1 : 0) }
    text.begin("swiftlet_microphone_lost_seconds_total", .counter, "Sound that the device never gave, by the clock.")
    each { text.sample($0, $1.lost / .seconds(1)) }
    text.begin("swiftlet_microphone_dropped_seconds_total", .counter, "Sound that nobody had time for.")
    each { text.sample($0, $1.dropped / .seconds(1)) }
    text.begin("swiftlet_microphone_overruns_total", .counter, "How often sound wasn't fetched in time.")
    each { text.sample($0, $1.counters.overruns) }
    text.begin("swiftlet_speech_utterances_total", .counter, "Final texts.")
    each { text.sample($0, $1.statistics.utterances) }
    text.begin("swiftlet_speech_commands_total", .counter, "Commands that were understood.")
    each { text.sample($0, $1.statistics.commands) }
  }

  private func writeDelivery(_ text: inout MetricsText) {
    let outbox = status.outbox
    text.begin("swiftlet_outbox_messages", .gauge, "Messages in the outbox that the broker hasn't acknowledged.")
    text.sample(outbox.waiting)
    text.begin("swiftlet_outbox_bytes", .gauge, "Their bytes.")
    text.sample(outbox.bytes)
    text.begin("swiftlet_outbox_limit_bytes", .gauge, "What the outbox may hold.")
    text.sample(configuration.storage.outboxByteCount)
    text.begin("swiftlet_outbox_accepted_messages_total", .counter, "Messages that were committed to disk.")
    text.sample(outbox.accepted)
    text.begin("swiftlet_outbox_delivered_messages_total", .counter, "Messages that the broker acknowledged.")
    text.sample(outbox.delivered)
    text.begin("swiftlet_outbox_refused_messages_total", .counter, "Messages that the disk didn't take.")
    text.sample(outbox.refused)
    text.begin("swiftlet_outbox_evicted_messages_total", .counter, "Messages given up for newer ones, or for their age.")
    text.sample(outbox.evicted)
    text.begin("swiftlet_outbox_last_commit_seconds", .gauge, "How long the latest commit took the disk.")
    text.sample(outbox.lastCommit / .seconds(1))
    text.begin("swiftlet_unrecorded_results", .gauge, "Results that wait to be recorded.")
    text.sample(status.unrecorded)
    guard status.broker != nil else { return }
    text.begin("swiftlet_broker_connected", .gauge, "1 while there is a connection to the broker.")
    text.sample(status.isConnected ? 1 : 0)
    text.begin("swiftlet_broker_connections_total", .counter, "Connections made to the broker.")
    text.sample(status.brokerConnections)
  }

  private func writeMachine(_ text: inout MetricsText) {
    let (findings, reading) = (status.machine, status.machine.reading)
    text.begin("swiftlet_temperature_celsius", .gauge, "Temperature of a zone of the kernel's.")
    for temperature in reading.temperatures { text.sample([("zone", temperature.zone)], temperature.celsius) }
    text.begin("swiftlet_temperature_critical_celsius", .gauge, "At which the kernel switches the machine off.")
    for temperature in reading.temperatures { if let critical = temperature.critical { text.sample([("zone", temperature.zone)], critical) } }
    if let memory = ResidentMemory.read() {
      text.begin("swiftlet_resident_memory_bytes", .gauge, "Of the agent's process.")
      text.sample(memory.current)
      text.begin("swiftlet_peak_resident_memory_bytes", .gauge, "The most since it started.")
      text.sample(memory.peak)
    }
    if let available = reading.availableMemory {
      text.begin("swiftlet_machine_available_memory_bytes", .gauge, "What programs could still get.")
      text.sample(available)
    }
    text.begin("swiftlet_machine_pressure_ratio", .gauge, "Share of the last minute that something waited for it (the kernel's some avg60).")
    for (resource, pressure) in reading.pressures { text.sample([("resource", resource)], pressure.some / 100) }
    text.begin("swiftlet_degradation_step", .gauge, "0 while no frame is left out for the machine's sake; at step k at most every 2^k-th is processed.")
    text.sample(findings.step)
  }
}
