// SPDX-License-Identifier: Apache-2.0

package ocikit

import "ocikit/spec"

// Code tells kinds of failures apart. The names are stable, and those of the C library's codes.
type Code = spec.Code

// The codes of an Error.
const (
	// CodeInvalidArgument - an argument is not valid.
	CodeInvalidArgument Code = "invalid_argument"
	// CodeNoMemory - out of memory.
	CodeNoMemory Code = "no_memory"
	// CodeIO - an operation of the system failed.
	CodeIO Code = "io"
	// CodeUnsupported - not supported by this build, kernel or host.
	CodeUnsupported Code = "unsupported"
	// CodePermission - not permitted.
	CodePermission Code = "permission"
	// CodeNotFound - does not exist.
	CodeNotFound Code = "not_found"
	// CodeExists - already exists.
	CodeExists Code = "exists"
	// CodeBusy - in use by another operation.
	CodeBusy Code = "busy"
	// CodeTimeout - took longer than allowed.
	CodeTimeout Code = "timeout"
	// CodeCancelled - cancelled by the caller.
	CodeCancelled Code = "cancelled"
	// CodeInternal - a mistake inside the library.
	CodeInternal Code = "internal"
	// CodeSyntax - not JSON.
	CodeSyntax Code = "syntax"
	// CodeEncoding - text that is not allowed in a document.
	CodeEncoding Code = "encoding"
	// CodeDuplicateKey - a member stands twice in one object.
	CodeDuplicateKey Code = "duplicate_key"
	// CodeType - a value of the wrong type.
	CodeType Code = "type"
	// CodeRange - a number out of its range.
	CodeRange Code = "range"
	// CodeEnum - a value that is not one of those allowed.
	CodeEnum Code = "enum"
	// CodePattern - a string not of the required form.
	CodePattern Code = "pattern"
	// CodeRequired - a required member is missing.
	CodeRequired Code = "required"
	// CodeTooFew - an array with too few items.
	CodeTooFew Code = "too_few"
	// CodeUnknownMember - a member that the schema does not name.
	CodeUnknownMember Code = "unknown_member"
	// CodeDepth - nested too deeply.
	CodeDepth Code = "depth"
	// CodeTooLarge - larger than the limit.
	CodeTooLarge Code = "too_large"
	// CodeRule - a rule of the specification is broken.
	CodeRule Code = "rule"
	// CodeUnknownKind - not a kind of document that is known.
	CodeUnknownKind Code = "unknown_kind"
	// CodeBundle - the bundle is missing or cannot be read.
	CodeBundle Code = "bundle"
	// CodeConfigMissing - the bundle has no configuration that can be read.
	CodeConfigMissing Code = "config_missing"
	// CodeConfig - the configuration contradicts itself or the specification.
	CodeConfig Code = "config"
	// CodeNamespace - a namespace cannot be created or joined.
	CodeNamespace Code = "namespace"
	// CodeRootfs - the root filesystem is missing or cannot be used.
	CodeRootfs Code = "rootfs"
	// CodeMount - a mount cannot be made.
	CodeMount Code = "mount"
	// CodeDevice - a device node cannot be made.
	CodeDevice Code = "device"
	// CodeIDMapping - a user or group mapping cannot be applied.
	CodeIDMapping Code = "id_mapping"
	// CodeSysctl - a kernel parameter cannot be set.
	CodeSysctl Code = "sysctl"
	// CodeSeccomp - the seccomp filter cannot be built or loaded.
	CodeSeccomp Code = "seccomp"
	// CodeCapability - a capability cannot be set.
	CodeCapability Code = "capability"
	// CodeRlimit - a resource limit cannot be set.
	CodeRlimit Code = "rlimit"
	// CodeUser - the user or groups cannot be set.
	CodeUser Code = "user"
	// CodeCwd - the working directory cannot be entered.
	CodeCwd Code = "cwd"
	// CodeCgroup - the control group cannot be made, joined or set.
	CodeCgroup Code = "cgroup"
	// CodeHook - a hook failed.
	CodeHook Code = "hook"
	// CodeTerminal - the terminal cannot be set up.
	CodeTerminal Code = "terminal"
	// CodeExecNotFound - the program does not exist in the container.
	CodeExecNotFound Code = "exec_not_found"
	// CodeExecNotExecutable - the program cannot be executed.
	CodeExecNotExecutable Code = "exec_not_executable"
	// CodeScheduling - the use of CPUs, memory or I/O cannot be set.
	CodeScheduling Code = "scheduling"
	// CodeLabel - a security label cannot be set.
	CodeLabel Code = "label"
	// CodeNetwork - a network device cannot be moved.
	CodeNetwork Code = "network"
	// CodeResctrl - the resctrl group cannot be made, joined or set.
	CodeResctrl Code = "resctrl"
	// CodeInvalidID - not a valid container id.
	CodeInvalidID Code = "invalid_id"
	// CodeWrongState - the container is not in the state that the operation needs.
	CodeWrongState Code = "wrong_state"
	// CodeNotRunning - the container is not running.
	CodeNotRunning Code = "not_running"
	// CodeInitDied - the container's first process ended before its time.
	CodeInitDied Code = "init_died"
	// CodeStateCorrupt - the state record cannot be read.
	CodeStateCorrupt Code = "state_corrupt"
	// CodeStatusLost - the exit status was collected by somebody else.
	CodeStatusLost Code = "status_lost"
)
