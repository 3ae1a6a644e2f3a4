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

    private JournalFile(SafeFileHandle file, MemoryMappedFile mapping, int slotRecords, int flowRecords, byte[] boot, bool isOfThisBoot)
    {
        _file = file;
        _mapping = mapping;
        _view = mapping.CreateViewAccessor();
        _boot = boot;
        SlotRecordCount = slotRecords;
        FlowRecordCount = flowRecords;
        IsOfThisBoot = isOfThisBoot;
    }

    public bool IsOfThisBoot { get; private set; }

    public int SlotRecordCount { get; }

    public int FlowRecordCount { get; }

    /// <param name="boot">16 bytes that change when the machine starts.</param>
    /// <exception cref="AgentException">The file cannot be used.</exception>
    public static JournalFile Open(string path, int agents, int flows, in PublicKey publicKey, byte[] boot)
    {
        try
        {
            int slotRecords = 2 * agents;
            long length = JournalHeader.Length + (long)slotRecords * SlotRecord.Length + (long)flows * FlowRecord.Length;
            byte[] header = new byte[JournalHeader.BootOffset];
            JournalHeader.Write(header, slotRecords, flows, publicKey.Bytes);
            byte[] found = new byte[JournalHeader.Length];
            bool known = File.Exists(path) && ReadHeader(path, found) == length && found.AsSpan().StartsWith(header);
            if (!known)
                Create(path, length, header);
            var mapping = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, length);
            bool isOfThisBoot = known && found.AsSpan(JournalHeader.BootOffset, JournalHeader.BootLength).SequenceEqual(boot);
            return new JournalFile(File.OpenHandle(path, share: FileShare.ReadWrite), mapping, slotRecords, flows, boot, isOfThisBoot);
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

    public void ReadSlot(int index, Span<byte> record) => Read(SlotOffset(index), record);

    public void WriteSlot(int index, ReadOnlySpan<byte> record) => Write(SlotOffset(index), record);

    public void ReadFlow(int index, Span<byte> record) => Read(FlowOffset(index), record);

    public void WriteFlow(int index, ReadOnlySpan<byte> record) => Write(FlowOffset(index), record);

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

    private void Read(long offset, Span<byte> record) => RandomAccess.Read(_file, record, offset);

    private void Write(long offset, ReadOnlySpan<byte> record) => _view.SafeMemoryMappedViewHandle.WriteSpan((ulong)offset, record);
}
