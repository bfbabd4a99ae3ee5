// Blocks SIGTERM and SIGINT, waits for one of them, exits 0; a blocked signal reaches pid 1 although it has no handler.
const instructions = [
  [0xb8, 14, 0, 0, 0], //                  0  mov eax, rt_sigprocmask
  [0x31, 0xff], //                         5  xor edi, edi             SIG_BLOCK
  [0x48, 0x8d, 0x35, 37, 0, 0, 0], //      7  lea rsi, [rip + 37]      the set at 51
  [0x31, 0xd2], //                        14  xor edx, edx
  [0x41, 0xba, 8, 0, 0, 0], //            16  mov r10d, 8
  [0x0f, 0x05], //                        22  syscall
  [0xb8, 128, 0, 0, 0], //                24  mov eax, rt_sigtimedwait
  [0x48, 0x8d, 0x3d, 15, 0, 0, 0], //     29  lea rdi, [rip + 15]      the set at 51
  [0x31, 0xf6], //                        36  xor esi, esi
  [0x0f, 0x05], //                        38  syscall
  [0x85, 0xc0], //                        40  test eax, eax
  [0x78, 0xec], //                        42  js 24                    interrupted
  [0x6a, 60, 0x58], //                    44  push exit; pop rax
  [0x31, 0xff], //                        47  xor edi, edi
  [0x0f, 0x05], //                        49  syscall
  [0x02, 0x40, 0, 0, 0, 0, 0, 0], //      51  the set: SIGINT (2), SIGTERM (15)
];

const loadAddress = 0x40_0000n;
const elfHeaderBytes = 64;
const programHeaderBytes = 56;

/** A static x86-64 program that runs until SIGTERM and exits 0, in one page: a thousand of them fit on a laptop. */
export function pauseProgram(): Buffer {
  const code = Buffer.from(instructions.flat());
  const headers = Buffer.alloc(elfHeaderBytes + programHeaderBytes);
  const size = BigInt(headers.length + code.length);
  headers.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bit, little endian
  headers.writeUInt16LE(2, 16); // executable
  headers.writeUInt16LE(62, 18); // x86-64
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(loadAddress + BigInt(headers.length), 24); // entry
  headers.writeBigUInt64LE(BigInt(elfHeaderBytes), 32); // program headers
  headers.writeUInt16LE(elfHeaderBytes, 52);
  headers.writeUInt16LE(programHeaderBytes, 54);
  headers.writeUInt16LE(1, 56);
  headers.writeUInt32LE(1, elfHeaderBytes); // load
  headers.writeUInt32LE(5, elfHeaderBytes + 4); // read, execute
  headers.writeBigUInt64LE(loadAddress, elfHeaderBytes + 16);
  headers.writeBigUInt64LE(loadAddress, elfHeaderBytes + 24);
  headers.writeBigUInt64LE(size, elfHeaderBytes + 32);
  headers.writeBigUInt64LE(size, elfHeaderBytes + 40);
  headers.writeBigUInt64LE(0x1000n, elfHeaderBytes + 48);
  return Buffer.concat([headers, code]);
}
