using System.IO.MemoryMappedFiles;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Tunnel;
using Microsoft.Win32.SafeHandles;

namespace Keyhole.Relay;

/// <summary>
/// The journal in a file of the data directory, mode 0600: written through a shared mapping, so that a kill at any instant leaves what was written
/// with the system; read through the file, so that reading it at the start does not make the process larger.
/// </summary>
internal sealed class JournalFile : IRelayJournal, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte[] _boot;

    private JournalFile(SafeFileHandle file, MemoryMappedFile mapping, int slotRecords, int flowRecords, int entryRecords, byte[] boot, bool isOfThisBoot)
    {
        _file = file;
        _mapping = mapping;
        _view = mapping.CreateViewAccessor();
        _boot = boot;
        SlotRecordCount = slotRecords;
        FlowRecordCount = flowRecords;
        EntryRecordCount = entryRecords;
        IsOfThisBoot = isOfThisBoot;
    }

    public bool IsOfThisBoot { get; private set; }

    public int SlotRecordCount { get; }

    public int FlowRecordCount { get; }

    public int EntryRecordCount { get; }

    /// <param name="sessions">That are forwarded blindly.</param>
    /// <param name="boot">16 bytes that change when the machine starts.</param>
    /// <exception cref="AgentException">The file cannot be used.</exception>
    public static JournalFile Open(string path, int agents, int flows, int sessions, in PublicKey publicKey, byte[] boot)
    {
        try
        {
            int slotRecords = 2 * agents;
            long length = JournalHeader.Length + (long)slotRecords * SlotRecord.Length + (long)flows * FlowRecord.Length + (long)sessions * EntryRecord.Length;
            byte[] header = new byte[JournalHeader.BootOffset];
            JournalHeader.Write(header, slotRecords, flows, sessions, publicKey.Bytes);
            byte[] found = new byte[JournalHeader.Length];
            bool known = File.Exists(path) && ReadHeader(path, found) == length && found.AsSpan().StartsWith(header);
            if (!known)
                Create(path, length, header);
            var mapping = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, length);
            bool isOfThisBoot = known && found.AsSpan(JournalHeader.BootOffset, JournalHeader.BootLength).SequenceEqual(boot);
            return new JournalFile(File.OpenHandle(path, share: FileShare.ReadWrite), mapping, slotRecords, flows, sessions, boot, isOfThisBoot);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The journal {path} cannot be used: {e.Message}", e);
        }
    }

    public void MarkAsOfThisBoot()
    {
        Write(JournalHeader.BootOffset, _boot);
        IsOfThisBoot = true;
    }

    public void ReadSlots(int first, Span<byte> records) => Read(SlotOffset(first), records);

    public void WriteSlot(int index, ReadOnlySpan<byte> record) => Write(SlotOffset(index), record);

    public void ReadFlows(int first, Span<byte> records) => Read(FlowOffset(first), records);

    public void WriteFlow(int index, ReadOnlySpan<byte> record) => Write(FlowOffset(index), record);

    public void ReadEntries(int first, Span<byte> records) => Read(EntryOffset(first), records);

    public void WriteEntry(int index, ReadOnlySpan<byte> record) => Write(EntryOffset(index), record);

    public void Dispose()
    {
        _view.Dispose();
        _mapping.Dispose();
        _file.Dispose();
    }

    private static long ReadHeader(string path, byte[] header)
    {
        using var handle = File.OpenHandle(path);
        RandomAccess.Read(handle, header, 0);
        return RandomAccess.GetLength(handle);
    }

    private static void Create(string path, long length, byte[] header)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(path, options);
        stream.SetLength(length);
        stream.Write(header);
    }

    private static long SlotOffset(int index) => JournalHeader.Length + (long)index * SlotRecord.Length;

    private long FlowOffset(int index) => JournalHeader.Length + (long)SlotRecordCount * SlotRecord.Length + (long)index * FlowRecord.Length;

    private long EntryOffset(int index) => FlowOffset(FlowRecordCount) + (long)index * EntryRecord.Length;

    private void Read(long offset, Span<byte> records)
    {
        while (!records.IsEmpty && RandomAccess.Read(_file, records, offset) is var length and not 0)
        {
            records = records[length..];
            offset += length;
        }

        records.Clear();
    }

    private void Write(long offset, ReadOnlySpan<byte> record) => _view.SafeMemoryMappedViewHandle.WriteSpan((ulong)offset, record);
}
