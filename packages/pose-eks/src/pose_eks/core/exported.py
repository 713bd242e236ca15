"""From what numba compiled to an object file that runs without it; see `pose_eks.core.native`."""

import json
import struct
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core.runtime.nrtdynmod import _meminfo_struct_type as OWNER
from numba.np.numpy_support import as_dtype

from pose_eks.core.native import FREE, SYMBOL, UnfitError

ALLOCATE, DESTROY = "NRT_MemInfo_alloc_aligned", "NRT_MemInfo_call_dtor"
LIBRARY = {"malloc", "free", "memset", "memcpy", "memmove", "sqrt", "exp", "log", "pow", "fma"}
ELF = b"\x7fELF\x02\x01"  # 64 bits, little-endian
WORD, BYTES = ir.IntType(64), ir.IntType(8).as_pointer()


def exported(dispatcher: Any, signature: tuple[Any, ...]) -> bytes:
    """Give the object of a kernel, after a line that says what its result is.

    Args:
        dispatcher: numba's, which compiled the kernel in this process.
        signature: which of its kinds of arguments.

    Raises:
        UnfitError: if the object would need more than the C library.
    """
    compiled = dispatcher.overloads[signature]
    head = json.dumps(described(compiled.signature.return_type))
    module = llvm.parse_assembly(dispatcher.inspect_llvm(signature))
    module.get_function(compiled.fndesc.llvm_func_name).name = SYMBOL
    image = emitted(alone(module))
    needed = undefined(image)
    if not needed <= LIBRARY:
        raise UnfitError(f"the kernel needs {', '.join(sorted(needed - LIBRARY))}")
    return head.encode() + b"\n" + image


def described(kind: Any) -> Any:
    """Say what a result is made of, as `Native` reads it.

    Raises:
        UnfitError: if it is not numbers, arrays and tuples of them, each in words of its own.
    """
    if type(kind) in (types.Tuple, types.UniTuple):
        parts = [described(part) for part in kind]
        if "?" in parts[:-1]:  # the next might share its word
            raise UnfitError("the result has a truth value before others")
        return parts
    if type(kind) is types.Array and kind.aligned:
        return {"array": as_dtype(kind.dtype).str, "axes": kind.ndim}
    codes = {types.float64: "d", types.int64: "q", types.boolean: "?", types.none: ""}
    if kind not in codes:
        raise UnfitError(f"the result is {kind}")
    return codes[kind]


def memory() -> ir.Module:
    """Give what a kernel needs of numba's runtime: memory with its owner in front.

    The owner is (references, destructor, its argument, address, size); numba's code counts the
    references, reads the address, and calls the second function when nobody refers to it any more.
    """
    module = ir.Module()
    module.triple = llvm.get_process_triple()
    libc = {
        "malloc": ir.Function(module, ir.FunctionType(BYTES, [WORD]), "malloc"),
        "free": ir.Function(module, ir.FunctionType(ir.VoidType(), [BYTES]), "free"),
    }
    allocate = ir.Function(module, ir.FunctionType(BYTES, [WORD, ir.IntType(32)]), ALLOCATE)
    size, alignment = allocate.args
    build = ir.IRBuilder(allocate.append_basic_block())
    least = build.zext(alignment, WORD)
    whole = build.add(build.add(size, least), WORD(8 * len(OWNER.elements)))
    place = build.call(libc["malloc"], [whole])
    with build.if_then(build.icmp_unsigned("!=", place, BYTES(None))):
        last = build.sub(build.add(build.ptrtoint(place, WORD), whole), size)
        address = build.inttoptr(build.and_(last, build.neg(least)), BYTES)
        owner = build.bitcast(place, OWNER.as_pointer())
        for field, value in enumerate((WORD(1), BYTES(None), BYTES(None), address, size)):
            build.store(value, build.gep(owner, [ir.IntType(32)(0), ir.IntType(32)(field)]))
    build.ret(place)
    destroy = ir.Function(module, ir.FunctionType(ir.VoidType(), [BYTES]), DESTROY)
    build = ir.IRBuilder(destroy.append_basic_block())
    build.call(libc["free"], destroy.args)
    build.ret_void()
    return module


def alone(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """Give the kernel with what it calls, and its memory, without numba's wrappers around it."""
    for one in [*module.functions, *module.global_variables]:
        if not one.is_declaration:
            wanted = one.name in (SYMBOL, FREE)
            one.linkage = "external" if wanted else "linkonce_odr"  # linked where it is called
    made = llvm.parse_assembly(str(memory()))
    made.link_in(module)
    return made


def emitted(module: llvm.ModuleRef) -> bytes:
    """Give the object file for this processor, made as numba makes its own."""
    machine = llvm.Target.from_triple(module.triple).create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static" if module.triple.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )
    return bytes(machine.emit_object(module))


def undefined(image: bytes) -> set[str]:
    """Give the names that an object takes from elsewhere.

    Raises:
        UnfitError: if it is not of the format that is known here.
    """
    if not image.startswith(ELF):
        raise UnfitError("the object is not of the 64-bit ELF format")
    tables = {one.name(): one.data() for one in llvm.ObjectFileRef.from_data(image).sections()}
    names = tables[b".strtab"]
    symbols = struct.iter_unpack("<IBBHQQ", tables[b".symtab"])
    places = [name for name, _, _, section, _, _ in symbols if name and not section]
    return {names[place : names.index(b"\0", place)].decode() for place in places}
