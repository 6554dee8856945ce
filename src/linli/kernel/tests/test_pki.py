"""The demonstration's own certificates."""

from linli.kernel.pki import DemoAuthority


def test_a_key_is_read_once_and_anew_when_it_was_made_anew(tmp_path):
    authority = DemoAuthority(tmp_path)
    first = authority.seal()
    assert authority.seal() is first, "each paper is sealed with it"
    (tmp_path / "seal.pem").unlink()
    again = authority.seal()
    assert again.certificate.serial_number != first.certificate.serial_number
    assert again.key.public_key().public_numbers() == again.certificate.public_key().public_numbers()
    assert [c.subject for c in again.chain[1:]] == [c.subject for c in first.chain[1:]]


def test_two_installations_have_keys_of_their_own(tmp_path):
    one, other = DemoAuthority(tmp_path / "one").seal(), DemoAuthority(tmp_path / "other").seal()
    assert one.certificate.serial_number != other.certificate.serial_number
