import CBoard
import GateController
import GateProtocol

/// Major 1, minor 0, patch 0; as `Welcome.firmware` has it.
let firmwareVersion: UInt32 = 0x01_0000

// All the memory that the controller ever has: it stands in the sizes that Firmware/build prints. The watchdog runs from here on.
nonisolated(unsafe) var loop = ControllerLoop(board: MPS2Board(), firmware: firmwareVersion, bootCause: board_was_reset_by_watchdog() ? .watchdog : .power)
while true { unsafe loop.turn() }
