import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.fields
import linli.kernel.ids


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('party_id', models.UUIDField(primary_key=True, serialize=False)),
                ('ways', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), default=list, size=None)),
                ('email', linli.kernel.fields.SealedField(null=True)),
                ('wechat', linli.kernel.fields.SealedField(null=True)),
                ('english', models.BooleanField(default=False)),
                ('plain', models.BooleanField(default=False)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=200, unique=True)),
                ('kind', models.CharField(max_length=48)),
                ('party_id', models.UUIDField()),
                ('is_employer', models.BooleanField()),
                ('subject_kind', models.CharField(max_length=32)),
                ('subject_id', models.UUIDField()),
                ('values', linli.kernel.fields.SealedField()),
                ('made_by_id', models.UUIDField(null=True)),
                ('made_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['party_id', '-made_at', '-id'], name='notices_inbox'), models.Index(condition=models.Q(('read_at', None)), fields=['party_id'], name='notices_unread'), models.Index(fields=['subject_id', 'made_at'], name='notices_about')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=48)),
                ('way', models.CharField(max_length=8)),
                ('place', models.PositiveSmallIntegerField(default=0)),
                ('plan', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), default=list, size=None)),
                ('address', linli.kernel.fields.SealedField()),
                ('content', linli.kernel.fields.SealedField(null=True)),
                ('state', models.CharField(default='waiting', max_length=10)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('provider_id', models.CharField(blank=True, max_length=128)),
                ('error', models.CharField(blank=True, max_length=64)),
                ('made_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('message', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='notices.message')),
            ],
        ),
        migrations.CreateModel(
            name='Posted',
            fields=[
                ('delivery', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='notices.delivery')),
                ('way', models.CharField(max_length=8)),
                ('address', linli.kernel.fields.SealedField()),
                ('address_index', models.BinaryField(max_length=32)),
                ('content', linli.kernel.fields.SealedField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['-at', 'delivery'], name='notices_posted_newest'), models.Index(fields=['address_index', '-at'], name='notices_posted_to')],
            },
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['next_try_at'], name='notices_waiting'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'sending')), fields=['claimed_at'], name='notices_sending'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['-made_at', '-id'], name='notices_failed'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['-made_at', '-id'], name='notices_newest'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('provider_id', ''), _negated=True), fields=['way', 'provider_id'], name='notices_provider'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('message__isnull', False)), fields=('message', 'place'), name='notices_delivery_place'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sending', 'sent', 'delivered', 'failed']), ('way__in', ['sms', 'wechat', 'email'])), name='notices_delivery_words'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state__in', ['waiting', 'sending'])), models.Q(models.Q(('state__in', ['waiting', 'sending']), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='notices_delivery_ended'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'waiting'), _negated=True), ('next_try_at__isnull', False), _connector='OR'), name='notices_delivery_next'),
        ),
    ]

