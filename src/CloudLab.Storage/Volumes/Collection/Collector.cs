using System.Security.Cryptography;
using CloudLab.Storage.Blobs;
using CloudLab.Storage.Volumes.Formats;
using CloudLab.Storage.Volumes.Map;
using CloudLab.Storage.Volumes.Objects;

namespace CloudLab.Storage.Volumes.Collection;

/// <summary>Removes what no map of a volume names and packs what is left of objects that are mostly dead.</summary>
/// <remarks>
/// A slot is alive if the earliest held state at or after its object names it: states follow one another, so what was overwritten
/// once is dead for all that come later. Maps are never touched; a pack says where its slots were, and readers who miss an object look
/// there. Nothing here needs the volume to be open, or this to be the only collector: what one takes for dead is dead.
/// </remarks>
/// <param name="blobs">The store.</param>
/// <param name="slots">The volume's objects and its ancestors'.</param>
/// <param name="head">The newest checkpoint; null for a volume that is deleted.</param>
internal sealed class Collector(IBlobStore blobs, SlotReader slots, HeldState? head)
{
    private const int TreePages = 1024;

    /// <summary>Objects with fewer slots are packed together even if all is alive, once there are several.</summary>
    private const int SmallSlots = 128;

    private readonly string _volume = slots.Own.Volume;
    private readonly List<StoredObject> _group = [];
    private readonly PageBudget _budget = new(TreePages);
    private readonly Dictionary<ulong, BlockMap> _trees = [];
    private List<HeldState> _states = [];
    private IReadOnlyList<Pack> _packs = [];
    private long _before;
    private long _after;
    private int _deleted;
    private int _packed;

    /// <summary>Goes once over all objects up to the newest checkpoint.</summary>
    /// <exception cref="IOException">The store does not answer; what was done stays done.</exception>
    /// <exception cref="InvalidDataException">Something is damaged; it is left alone.</exception>
    public async Task<CollectionOutcome> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            _states = await HeldAsync(cancellationToken);
            _packs = await slots.Own.ListPacksAsync(cancellationToken);
            await foreach (var stored in ObjectsAsync(cancellationToken))
                await TakeAsync(stored, cancellationToken);
            foreach (var pack in _packs)
            {
                if (await ReadAsync(pack, cancellationToken) is { } stored)
                    await TakeAsync(stored, cancellationToken);
            }

            await PackAsync(cancellationToken);
            return new(_before, _after, _deleted, _packed);
        }
        finally
        {
            foreach (var tree in _trees.Values)
                tree.Dispose();
        }
    }

    /// <summary>Whether anything holds a state of the volume.</summary>
    public static async Task<bool> HasRootsAsync(IBlobStore blobs, string volume, CancellationToken cancellationToken)
    {
        await foreach (var _ in blobs.ListAsync(VolumeNames.Roots(volume), null, cancellationToken))
            return true;
        return false;
    }

    /// <summary>The held states in order. A root may be put behind the listing while the one it was copied from goes, hence twice the same.</summary>
    private async Task<List<HeldState>> HeldAsync(CancellationToken cancellationToken)
    {
        List<string>? before = null;
        while (true)
        {
            var names = new List<string>();
            await foreach (var blob in blobs.ListAsync(VolumeNames.Roots(_volume), null, cancellationToken))
                names.Add(blob.Name);
            if (before is not null && names.SequenceEqual(before) && await StatesAsync(names, cancellationToken) is { } states)
                return states;
            before = names;
        }
    }

    private async Task<List<HeldState>?> StatesAsync(List<string> names, CancellationToken cancellationToken)
    {
        var states = head is null ? new List<HeldState>() : [head];
        foreach (var name in names)
        {
            if (await blobs.TryReadRecordAsync(name, VolumeJson.Default.RootRecord, cancellationToken) is not { } root)
                return null; // It has just gone: list again.
            if (!root.IsValid())
                throw new InvalidDataException($"{name} is no valid root.");
            states.Add(new(root.Sequence, new MapEntry(root.Root)));
        }

        return [.. states.DistinctBy(state => state.Sequence).OrderBy(state => state.Sequence)];
    }

    private async IAsyncEnumerable<StoredObject> ObjectsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in blobs.ListAsync(VolumeNames.Log(_volume), null, cancellationToken))
        {
            // Recovery begins at the newest checkpoint; from there on nothing goes.
            if (VolumeNames.TryParseObject(_volume, blob.Name) is not { } sequence || sequence >= (head?.Sequence ?? ulong.MaxValue))
                continue;
            if (await blobs.TryReadHeaderAsync(blob.Name, cancellationToken) is not { } header || header.Marks.HasFlag(ObjectMarks.Fence))
                continue;
            var alive = new List<(MapEntry, SlotKey)>();
            for (var i = 0; i < header.Slots.Count; i++)
            {
                if (await IsAliveAsync(header.Slots[i], header.PlaceOf(i), cancellationToken)
                    && !await IsPackedAsync(header.PlaceOf(i), before: null, cancellationToken))
                    alive.Add((header.PlaceOf(i), header.Slots[i]));
            }

            yield return new(blob.Name, header.Slots.Count, alive);
        }
    }

    private async Task<StoredObject?> ReadAsync(Pack pack, CancellationToken cancellationToken)
    {
        PackDirectory directory;
        try
        {
            directory = await slots.Own.DirectoryOfAsync(pack, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        var alive = new List<(MapEntry, SlotKey)>();
        for (var i = 0; i < directory.Count; i++)
        {
            if (await IsAliveAsync(directory.Keys[i], directory.PlaceOf(i), cancellationToken)
                && !await IsPackedAsync(directory.PlaceOf(i), before: pack, cancellationToken))
                alive.Add((directory.PlaceOf(i), directory.Keys[i]));
        }

        return new(pack.Name, directory.Count, alive);
    }

    private async ValueTask<bool> IsAliveAsync(SlotKey key, MapEntry place, CancellationToken cancellationToken)
    {
        var state = _states.Find(state => state.Sequence >= place.Sequence);
        if (state is null)
            return false;
        if (!_trees.TryGetValue(state.Sequence, out var tree))
            _trees.Add(state.Sequence, tree = new BlockMap(state.Root, slots, _budget));
        return await tree.FindAsync(key, cancellationToken) == place;
    }

    /// <summary>Whether a pack has the slot too: a collector that was cut off leaves what it had packed.</summary>
    private async ValueTask<bool> IsPackedAsync(MapEntry place, Pack? before, CancellationToken cancellationToken)
    {
        foreach (var pack in _packs)
        {
            if (pack == before)
                return false;
            if (!pack.Covers(place.Sequence))
                continue;
            try
            {
                if ((await slots.Own.DirectoryOfAsync(pack, cancellationToken)).TryFind(place.Sequence, place.Slot) is not null)
                    return true;
            }
            catch (FileNotFoundException)
            {
                // Another collector has packed it anew.
            }
        }

        return false;
    }

    private async Task TakeAsync(StoredObject stored, CancellationToken cancellationToken)
    {
        _before += stored.Slots;
        if (stored.Alive.Count == 0)
        {
            await DeleteAsync(stored, cancellationToken);
            return;
        }

        var isSparse = stored.Alive.Count * 3 < stored.Slots * 2;
        if (!isSparse && stored.Alive.Count >= SmallSlots)
        {
            _after += stored.Slots;
            return;
        }

        if (_group.Sum(member => member.Alive.Count) + stored.Alive.Count > VolumeGeometry.MaxObjectSlots)
            await PackAsync(cancellationToken);
        _group.Add(stored);
    }

    /// <summary>Writes what is alive in the group as one object, if that saves anything, and removes the group.</summary>
    private async Task PackAsync(CancellationToken cancellationToken)
    {
        const int WorthIt = 8;
        var alive = _group.SelectMany(member => member.Alive).DistinctBy(slot => slot.Place).OrderBy(slot => slot.Place.Bits).ToList();
        var taken = _group.Sum(member => member.Slots);
        if (alive.Count * 3 < taken * 2 || _group.Count >= WorthIt)
        {
            using (var buffer = new PackBuffer(alive))
            {
                foreach (var (place, key) in alive)
                    await buffer.AddAsync(slots.Own, place, key, cancellationToken);
                var nonce = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
                var name = VolumeNames.Pack(_volume, alive[0].Place.Sequence, alive[^1].Place.Sequence, nonce);
                await buffer.PutAsync(blobs, name, cancellationToken);
            }

            slots.Own.ForgetPacks();
            _packed++;
            taken = alive.Count;
            foreach (var member in _group)
                await DeleteAsync(member, cancellationToken);
        }

        _after += taken;
        _group.Clear();
    }

    private async Task DeleteAsync(StoredObject stored, CancellationToken cancellationToken)
    {
        await blobs.DeleteAsync(stored.Name, cancellationToken);
        _deleted++;
    }
}
